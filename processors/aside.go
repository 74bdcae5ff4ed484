package processors

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/topology"
)

// ReasonFailed is the reason of dead letters that an operator could not process.
const ReasonFailed = "failed"

// reasonLate is the reason of the dead letter of an update that is late.
const reasonLate = "late"

// skippedTombstones counts the tombstones of a stream that its join passed over.
const skippedTombstones = "skipped_tombstones_total"

// aside puts records aside that an operator cannot use: as dead letters or as late. Operators
// embed it; its Init gives them their context.
type aside[K, V any] struct {
	topology.Context
	name  string
	key   codecs.Codec[K] // nil where the stream has none
	value codecs.Codec[V]
}

func newAside[K, V any](in topology.Stream[K, V], name string) aside[K, V] {
	key, value := topology.Codecs(in)
	return aside[K, V]{name: name, key: key, value: value}
}

func (a *aside[K, V]) Init(ctx topology.Context) error {
	a.Context = ctx
	return nil
}

// reject makes a dead letter of the record at hand, or of an update that none stands for.
func (a *aside[K, V]) reject(rec *topology.Record[K, V], reason string, cause error) {
	cause = fmt.Errorf("node %q: %w", a.name, cause)
	if a.Source().Topic != "" {
		a.DeadLetter(reason, cause)
		return
	}
	a.Reject(a.update(rec), reason, cause)
}

// refused makes a dead letter of a record that a codec refused; other errors stop the step.
func (a *aside[K, V]) refused(rec *topology.Record[K, V], err error) error {
	if bad, ok := errors.AsType[encodeError](err); ok {
		a.reject(rec, ReasonFailed, bad)
		return nil
	}
	return err
}

// late sends the record at hand to the late topic with its window.
func (a *aside[K, V]) late(rec *topology.Record[K, V], start, end int64) {
	window := "[" + strconv.FormatInt(start, 10) + "," + strconv.FormatInt(end, 10) + ")"
	lateness := a.StreamTime() - rec.Time
	if a.Source().Topic != "" {
		a.Late(window, lateness)
		return
	}
	a.reject(rec, reasonLate, fmt.Errorf("window %s is closed, the update is %d ms behind stream time", window, lateness))
}

// update describes a record that came from state and has no place in a topic.
func (a *aside[K, V]) update(rec *topology.Record[K, V]) *topology.Source {
	src := &topology.Source{Topic: a.name, Partition: a.Task().Partition, Offset: -1, Appended: rec.Time, Time: rec.Time, Headers: rec.Headers}
	if a.key != nil {
		src.Key, _ = a.key.Append(nil, rec.Key) // one that cannot be encoded stays empty
	}
	if a.value != nil && !rec.Tombstone {
		src.Value, _ = a.value.Append(nil, rec.Value)
	}
	return src
}
