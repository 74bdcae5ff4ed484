package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/abacus-stream/abacus/topology/worker"
)

// fault is one line of the schedule. Which fields count depends on its kind.
type fault struct {
	at     time.Duration // since the start of the run
	kind   Kind
	on     int           // instance
	lasts  time.Duration // until it is mended
	step   worker.Step   // of a commit
	key    kmsg.Key      // of requests
	err    *kerr.Error   // that they are answered by
	fences bool
	silent bool
	count  int    // of requests, or partitions
	dice   uint64 // for choices among what is there then
}

// String is the line of the schedule.
func (f *fault) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s", clockOf(f.at), f.kind)
	switch f.kind {
	case Refuse:
		fmt.Fprintf(&s, " %s by %s, %d times", f.key.Name(), f.err.Message, f.count)
	case Leader:
		fmt.Fprintf(&s, " of %d partitions", f.count)
	case Coordinator:
	default:
		fmt.Fprintf(&s, " instance %d", f.on)
	}
	if f.step > 0 {
		fmt.Fprintf(&s, " after step %d", f.step)
	}
	if f.kind == Lost {
		fmt.Fprintf(&s, ": %d answers to %s, silently %v", f.count, f.key.Name(), f.silent)
	} else if f.lasts > 0 && f.kind != Refuse {
		fmt.Fprintf(&s, " for %s", f.lasts.Round(time.Millisecond))
	}
	return s.String()
}

// clockOf prints a time of the run.
func clockOf(d time.Duration) string { return fmt.Sprintf("%9.3fs", d.Seconds()) }

const (
	// calm is the time before the first fault, in which the app starts, and after the last.
	calm = 10 * time.Second
	// fenceEvery is the least time between two faults that fence a worker.
	fenceEvery = 90 * time.Second
)

// schedule draws the faults of a run: the same from the same seed and the same settings.
func schedule(cfg *Config) []fault {
	rng := rand.New(rand.NewPCG(cfg.Seed, 1))
	var faults []fault
	fenced := -fenceEvery
	for at := calm; ; {
		at += min(time.Duration(rng.ExpFloat64()*float64(cfg.Every)), 5*cfg.Every)
		if at > cfg.Duration-calm {
			return faults
		}
		f := draw(rng, cfg.Kinds)
		f.at, f.on, f.dice = at, rng.IntN(cfg.Instances), rng.Uint64()
		if f.fences {
			if at-fenced < fenceEvery {
				continue
			}
			fenced = at
		}
		faults = append(faults, f)
	}
}

// draw draws a fault of one of some kinds, all of them for none.
func draw(rng *rand.Rand, kinds []Kind) (f fault) {
	total := 0
	for _, o := range odds {
		if len(kinds) == 0 || slices.Contains(kinds, o.kind) {
			total += o.weight
		}
	}
	n := rng.IntN(total)
	for _, o := range odds {
		if len(kinds) > 0 && !slices.Contains(kinds, o.kind) {
			continue
		}
		if n -= o.weight; n < 0 {
			f.kind = o.kind
			o.draw(rng, &f)
			return f
		}
	}
	panic("sim: no kind of fault was drawn")
}
