package registry

import (
	"errors"
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// span is the part of a layer that an experiment has for some event time, Unix ms.
type span struct {
	layer      *experiment.Layer
	begin, end int64 // end is not included
}

// spans are those of an entry's run from now on: what lies back has been assigned.
func spans(e *experiment.Entry, now int64) (all []span) {
	for i := range e.Versions {
		v, end := &e.Versions[i], int64(math.MaxInt64)
		if i+1 < len(e.Versions) {
			end = e.Versions[i+1].Effective
		}
		if last := v.Definition.End; last != nil {
			end = min(end, last.UnixMilli())
		}
		if begin := max(v.Effective, now); v.Definition.Layer != nil && begin < end {
			all = append(all, span{v.Definition.Layer, begin, end})
		}
	}
	return all
}

// exclusive checks that an entry has no unit of its layer in common with another, at any time from now on. The error names all
// that it has.
func exclusive(e *experiment.Entry, others []*experiment.Entry, now int64) error {
	var all []error
	mine := spans(e, now)
	for _, other := range others {
		if other.Experiment == e.Experiment || len(mine) == 0 {
			continue
		}
		if s := meeting(mine, spans(other, now)); s != nil {
			all = append(all, fmt.Errorf("layer: %s has units of %s%s, take a part that is free, or stop it first", other.Experiment, s.layer, until(s.end)))
		}
	}
	return errors.Join(all...)
}

// meeting is the first of theirs that one of mine meets at some time, nil if there is none.
func meeting(mine, theirs []span) *span {
	for i := range theirs {
		for _, m := range mine {
			if t := &theirs[i]; m.begin < t.end && t.begin < m.end && m.layer.Meets(t.layer) {
				return t
			}
		}
	}
	return nil
}

func until(end int64) string {
	if end == math.MaxInt64 {
		return ""
	}
	return " until " + clock(end)
}
