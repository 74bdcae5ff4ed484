package registry

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// notice is the least time in ms between the acceptance of a later version and its effect: long enough for every
// assignment to know it by then.
const notice = 2000

// Bounds of an entry.
const (
	keptCommands = 64
	keptRefusals = 16
	maxBytes     = 900_000 // of its encoding: below the broker's limit of a record
)

var errTooLarge = fmt.Errorf("the entry would be larger than %d bytes, restart the experiment to begin without its versions", maxBytes)

// Decide is the entry after a command that is accepted or refused at now, in Unix ms. entry is that before, nil for an
// experiment never heard of; it is not changed. If there is nothing to write the result is entry itself: the command
// has no id, or was decided before.
func Decide(entry *experiment.Entry, cmd Command, now int64) *experiment.Entry {
	if cmd.ID == "" || decided(entry, cmd.ID) {
		return entry
	}
	next, err := change(entry, cmd, now)
	if err != nil {
		return refuse(entry, cmd, err)
	}
	next.Commands = last(append(next.Commands, cmd.ID), keptCommands)
	if data, err := (experiment.EntryCodec{}).Append(nil, next); err != nil || len(data) > maxBytes {
		return refuse(entry, cmd, errors.Join(err, errTooLarge))
	}
	return next
}

// decided says whether the entry knows the command.
func decided(entry *experiment.Entry, id string) bool {
	return entry != nil && (slices.Contains(entry.Commands, id) || refusal(entry, id) != nil)
}

// refusal of a command, nil if there is none.
func refusal(entry *experiment.Entry, id string) *experiment.Refusal {
	for i := range entry.Refused {
		if entry.Refused[i].Command == id {
			return &entry.Refused[i]
		}
	}
	return nil
}

// refuse notes a refusal. An entry that is there only to hold refusals has no version and is archived: nothing runs it.
func refuse(entry *experiment.Entry, cmd Command, reason error) *experiment.Entry {
	next := clone(entry)
	if entry == nil {
		next.Experiment, next.State = cmd.Experiment, experiment.Archived
	}
	next.Refused = last(append(next.Refused, experiment.Refusal{Command: cmd.ID, Reason: reason.Error()}), keptRefusals)
	return next
}

// change is the entry after a command, without the note of the command; the error says why there is none.
func change(entry *experiment.Entry, cmd Command, now int64) (*experiment.Entry, error) {
	known := entry != nil && len(entry.Versions) > 0
	switch cmd.Kind {
	case KindApply, KindRestart:
		d, err := definition(cmd)
		switch {
		case err != nil:
			return nil, err
		case !known:
			return begin(entry, d, now)
		case cmd.Kind == KindRestart:
			return begin(entry, d, now)
		case entry.State != experiment.Running:
			return nil, fmt.Errorf("the experiment is %s, restart begins a new run", entry.State)
		}
		return revise(entry, d, now)
	case KindStop:
		if !known {
			return nil, errors.New("there is no such experiment")
		}
		return stop(entry, now), nil
	}
	return nil, fmt.Errorf("%w: kind %q, want %s, %s or %s", errCommand, cmd.Kind, KindApply, KindStop, KindRestart)
}

// definition is that of the command, checked and with its defaults.
func definition(cmd Command) (experiment.Definition, error) {
	if cmd.Definition == nil {
		return experiment.Definition{}, fmt.Errorf("%w: %s without a definition", errCommand, cmd.Kind)
	}
	d := *cmd.Definition
	d.Variants = slices.Clone(d.Variants)
	d.Defaults()
	if d.Experiment != cmd.Experiment {
		return d, fmt.Errorf("%w: for %q, but its definition is of %q", errCommand, cmd.Experiment, d.Experiment)
	}
	return d, d.Validate()
}

// begin starts a run: the next one if there was one. It covers events from its start, which may lie in the past.
func begin(entry *experiment.Entry, d experiment.Definition, now int64) (*experiment.Entry, error) {
	effective := now
	if d.Start != nil {
		effective = d.Start.UnixMilli()
	}
	if d.End != nil && d.End.UnixMilli() <= effective {
		return nil, fmt.Errorf("end: is not after the start, %s", clock(effective))
	}
	next := clone(entry)
	next.Experiment, next.State = d.Experiment, experiment.Running
	next.Run++
	next.Versions = []experiment.Version{{Version: 1, Accepted: now, Effective: effective, Definition: d}}
	return next, nil
}

// revise adds a version to a running experiment, unless the definition is the one in force.
func revise(entry *experiment.Entry, d experiment.Definition, now int64) (*experiment.Entry, error) {
	latest := entry.Latest()
	if err := align(&latest.Definition, &d); err != nil {
		return nil, err
	}
	next := clone(entry)
	same, err := equal(latest.Definition, d)
	if err != nil || same {
		return next, err
	}
	next.Versions = append(next.Versions, version(latest, d, now))
	return next, nil
}

// stop ends a run in two seconds, or when it ends anyway if that is sooner.
func stop(entry *experiment.Entry, now int64) *experiment.Entry {
	next := clone(entry)
	if entry.State != experiment.Running {
		return next
	}
	next.State = experiment.Stopped
	latest := entry.Latest()
	v := version(latest, latest.Definition, now)
	if end := latest.Definition.End; end != nil && end.UnixMilli() <= v.Effective {
		return next
	}
	end := time.UnixMilli(v.Effective).UTC()
	v.Definition.End = &end
	next.Versions = append(next.Versions, v)
	return next
}

// version is the one after latest. It is never in effect before it.
func version(latest *experiment.Version, d experiment.Definition, now int64) experiment.Version {
	return experiment.Version{
		Version: latest.Version + 1, Accepted: now, Effective: max(now+notice, latest.Effective), Definition: d,
	}
}

// clone copies the entry as deep as Decide changes it; of nil it is an empty one.
func clone(entry *experiment.Entry) *experiment.Entry {
	if entry == nil {
		return &experiment.Entry{}
	}
	next := *entry
	next.Versions = slices.Clone(entry.Versions)
	next.Commands = slices.Clone(entry.Commands)
	next.Refused = slices.Clone(entry.Refused)
	return &next
}

// last keeps the n newest of a list.
func last[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }

func clock(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
