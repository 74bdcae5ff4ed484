package worker

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/abacus-stream/abacus/topology"
	"github.com/abacus-stream/abacus/topology/task"
)

// metadata goes with the committed offset of a topic, version 2: 2:<sub-topology>:<position without
// its inputs>:<topic id>:<marks of the changelogs>, the last three in base 64. Version 1 has no
// marks. With the two or three stores of a sub-topology it is under 256 bytes.
func metadata(r *running, topic [16]byte) string {
	p := r.task.Position()
	p.Inputs = nil
	enc := base64.RawStdEncoding.EncodeToString
	return "2:" + r.sub.Name + ":" + enc(task.AppendPosition(nil, p)) + ":" + enc(topic[:]) + ":" + r.marks
}

// note is what the metadata of a committed offset says of the topology that it was committed by.
type note struct {
	sub    string // name of the sub-topology
	source string // id of the source topic, in base 64
	marks  []byte // of the changelogs; empty in version 1
}

// parseNote reads metadata that this app has written for a sub-topology.
func parseNote(metadata, sub string) (note, bool) {
	if n, ok := readNote(metadata); ok && n.sub == sub {
		return n, true
	}
	return note{}, false
}

// readNote reads metadata that this app has written.
func readNote(metadata string) (n note, ok bool) {
	part := strings.Split(metadata, ":")
	if len(part) < 4 || part[0] != "1" && part[0] != "2" {
		return note{}, false
	}
	n.sub, n.source = part[1], part[3]
	if len(part) > 4 {
		n.marks, _ = base64.RawStdEncoding.DecodeString(part[4])
	}
	return n, true
}

// A mark is two bytes of the hash of a changelog's name, and the first four of its topic id, which is random.
const markName, markBytes = 2, 6

func mark(changelog string, id [16]byte) []byte {
	h := xxhash.Sum64String(changelog)
	return append([]byte{byte(h >> 8), byte(h)}, id[:markBytes-markName]...)
}

// changelogs are the ids of the changelogs of a sub-topology, in the order of its stores.
func (t *topics) changelogs(sub *topology.Sub) (ids [][16]byte) {
	for _, def := range sub.Stores {
		ids = append(ids, t.ids[sub.Changelog(def)])
	}
	return ids
}

// marks are those of the changelogs of a sub-topology.
func (t *topics) marks(sub *topology.Sub) string {
	var all []byte
	for _, def := range sub.Stores {
		if def.SourceTopic == "" {
			topic := sub.Changelog(def)
			all = append(all, mark(topic, t.ids[topic])...)
		}
	}
	return base64.RawStdEncoding.EncodeToString(all)
}

// names says that marks are of this changelog.
func (n note) names(changelog string, id [16]byte) bool {
	want := mark(changelog, id)
	for rest := n.marks; len(rest) >= markBytes; rest = rest[markBytes:] {
		if bytes.Equal(rest[:markBytes], want) {
			return true
		}
	}
	return false
}

// denies says that marks are of another topic than this changelog. One that they do not name is of
// a store that the topology has gained.
func (n note) denies(changelog string, id [16]byte) bool {
	want, denied := mark(changelog, id), false
	for rest := n.marks; len(rest) >= markBytes; rest = rest[markBytes:] {
		denied = denied || bytes.Equal(rest[:markName], want[:markName])
	}
	return denied && !n.names(changelog, id)
}

// recreated fails when a source or a changelog of a task is another topic now than the one that its
// committed offsets stand for: applied to a source created again they would skip records silently,
// and a changelog created again lacks the state that they reflect.
func (w *worker) recreated(ctx context.Context, r *restored, committed kadm.OffsetResponses) error {
	names := topicsOf(r.sub)
	now, err := w.app.list(ctx, names...)
	if err != nil {
		return err
	}
	for _, src := range r.sub.Sources {
		if n, had := now.partitions[src.Topic], w.app.topics.partitions[src.Topic]; n > had && had > 0 {
			return fmt.Errorf("topic %s has %d partitions, at the start of the app it had %d: %s; %w", src.Topic, n, had, whyFixed, errRefused)
		}
		o, _ := committed.Lookup(src.Topic, r.id.Partition)
		n, ours := parseNote(o.Metadata, r.sub.Name)
		if id, there := now.ids[src.Topic]; ours && there && n.source != base64.RawStdEncoding.EncodeToString(id[:]) {
			return fmt.Errorf("topic %s was deleted and created again, the committed offset %d is of the deleted one; %w", src.Topic, o.At, errRefused)
		}
		for _, def := range r.sub.Stores {
			topic := r.sub.Changelog(def)
			if id, there := now.ids[topic]; ours && there && n.denies(topic, id) {
				return fmt.Errorf("changelog %s was deleted and created again, what it held up to offset %d of %s is lost; %w", topic, o.At, src.Topic, errRefused)
			}
		}
	}
	// The app reads and writes by the ids of its start.
	for _, topic := range names {
		if id, there := now.ids[topic]; there && id != w.app.topics.ids[topic] {
			return fmt.Errorf("topic %s was deleted and created again while the app ran: start the app again, and if that is refused %w", topic, errRefused)
		}
	}
	return nil
}

// topicsOf are the sources and changelogs of a sub-topology.
func topicsOf(sub *topology.Sub) (names []string) {
	for _, src := range sub.Sources {
		names = append(names, src.Topic)
	}
	for _, def := range sub.Stores {
		names = append(names, sub.Changelog(def))
	}
	return names
}
