package mirror

import (
	"slices"

	"github.com/abacus-stream/abacus/codecs/result"
)

// backlog is the hashes that Redis has yet to be told of, those that have waited longest first. There is one hash a grain,
// so a Redis that stays away costs no more than a second copy of what is shown.
type backlog struct {
	order       []*experiment
	experiments map[string]*experiment
}

// experiment is the hashes of one experiment: they are written in one call.
type experiment struct {
	name    string
	hashes  []*hash
	retryAt int64 // wall time before which it is left alone, as Redis has refused it
	note    bool  // written, and not yet published
	done    bool
}

// hash is one hash of Redis that is not as it should be, or may not be.
type hash struct {
	grain string
	rec   *result.Record // to be shown; nil: as the tables have it
	again bool           // written even if Redis has the same offset
}

// add puts a hash into the backlog, once; what was done is not any more.
func (b *backlog) add(name, grain string) *hash {
	e := b.experiments[name]
	if e == nil {
		e = &experiment{name: name}
		b.experiments[name] = e
		b.order = append(b.order, e)
	}
	e.done = false
	for _, h := range e.hashes {
		if h.grain == grain {
			return h
		}
	}
	h := &hash{grain: grain}
	e.hashes = append(e.hashes, h)
	return h
}

// ready gives the experiments that are not done and may be tried at a wall time; one that has gone back lets all be tried.
func (b *backlog) ready(wall int64) []*experiment {
	ready := make([]*experiment, 0, len(b.order))
	for _, e := range b.order {
		if !e.done && (e.retryAt <= wall || e.retryAt > wall+second) {
			ready = append(ready, e)
		}
	}
	return ready
}

// sweep drops what is done.
func (b *backlog) sweep() {
	b.order = slices.DeleteFunc(b.order, func(e *experiment) bool {
		if e.done {
			delete(b.experiments, e.name)
		}
		return e.done
	})
}
