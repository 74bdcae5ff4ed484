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

// skippedTombstones counts the tombstones that an operator passed over, skippedKeyless the records without a key.
const (
	skippedTombstones = "skipped_tombstones_total"
	skippedKeyless    = "skipped_keyless_total"
)

// aside puts records aside that an operator cannot use: as dead letters or as late. Operators
// embed it; its Init gives them their context.
type aside[K, V any] struct {
	topology.Context
	name  string
	key   codecs.Codec[K] // nil where the stream has none
	value codecs.Codec[V]

	tombstones, keyless *topology.Counter // those that were skipped
}

func newAside[K, V any](in topology.Stream[K, V], name string) aside[K, V] {
	key, value := topology.Codecs(in)
	return aside[K, V]{name: name, key: key, value: value}
}

func (a *aside[K, V]) Init(ctx topology.Context) error {
	a.Context, a.tombstones, a.keyless = ctx, ctx.Counter(skippedTombstones), ctx.Counter(skippedKeyless)
	return nil
}

// skips says of a record that it has nothing for an operator that takes values by their keys, and counts it.
func (a *aside[K, V]) skips(rec *topology.Record[K, V]) bool {
	if rec.Tombstone {
		a.tombstones.N++
		return true
	}
	return a.skipsKeyless(rec)
}

// skipsKeyless is skips for an operator that takes tombstones.
func (a *aside[K, V]) skipsKeyless(rec *topology.Record[K, V]) bool {
	if rec.Keyless {
		a.keyless.N++
	}
	return rec.Keyless
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
	if a.key != nil && !rec.Keyless {
		src.Key, _ = a.key.Append(nil, rec.Key) // one that cannot be encoded stays empty
	}
	if a.value != nil && !rec.Tombstone {
		src.Value, _ = a.value.Append(nil, rec.Value)
	}
	return src
}
