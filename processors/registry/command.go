package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// Command asks the registry for a change of one experiment: the value of a record of the commands topic, as JSON. The
// key of the record is the name of the experiment.
type Command struct {
	ID         string                 `json:"id"` // the same id again is no command
	Kind       Kind                   `json:"kind"`
	Experiment string                 `json:"experiment"`
	Definition *experiment.Definition `json:"definition,omitempty"` // of apply; of restart too, nil: the one that is there
	At         int64                  `json:"at,omitempty"`         // when it was given, Unix ms; part of the id of an archive, else for the reader of the log
}

// Kind is what a command asks for.
type Kind string

// The kinds of commands.
const (
	KindApply   Kind = "apply"   // take a definition as the first version, or the next
	KindStop    Kind = "stop"    // end the run
	KindRestart Kind = "restart" // begin a new run
	KindArchive Kind = "archive" // put away what has ended
)

var errCommand = errors.New("malformed command")

// parseCommand reads a command strictly: a field of a newer version must not be passed over in silence. On an error the
// command holds the id, if one can be read.
func parseCommand(data []byte) (Command, error) {
	var cmd Command
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	err := in.Decode(&cmd)
	if err == nil {
		if _, more := in.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	if err == nil {
		return cmd, nil
	}
	var named struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(data, &named) // without an id nobody can be told
	return Command{ID: named.ID}, fmt.Errorf("%w: %w", errCommand, err)
}

var commandJSON = codecs.JSON[Command]()

// identify gives a command without id one: the hash of what it asks for and of the state that it was given in. So the
// same request in the same state is the same command, and may be sent again after a failure.
func identify(cmd *Command, entry *experiment.Entry) error {
	if cmd.ID != "" {
		return nil
	}
	stated := *cmd
	if cmd.Kind != KindArchive { // it may be refused now and not later, and done twice it is done once
		stated.At = 0
	}
	text, err := commandJSON.Append(nil, stated)
	if err != nil {
		return fmt.Errorf("registry: %s %s: %w", cmd.Kind, cmd.Experiment, err)
	}
	if entry != nil && entry.Current() != nil {
		version := int64(0)
		if entry.Latest() != nil {
			version = entry.Latest().Version
		}
		text = fmt.Appendf(text, "|%d|%d|%s", entry.Run, version, entry.State)
	}
	cmd.ID = fmt.Sprintf("%s-%016x", cmd.Kind, xxhash.Sum64(text))
	return nil
}
