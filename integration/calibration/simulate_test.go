package calibration

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/abacus-stream/abacus/processors/experiment/stats/always"
)

// size is how much is simulated.
type size struct {
	runs, looks, perLook int
}

// rate is how often something happened that happens at most, or about, with chance level.
type rate struct {
	where, what string
	level       float64
	hits, runs  int
}

func (r rate) share() float64 { return float64(r.hits) / float64(r.runs) }

// slack is three standard errors of the simulation at the level.
func (r rate) slack() float64 { return 3 * math.Sqrt(r.level*(1-r.level)/float64(r.runs)) }

// beyond says whether so many hits, or more, come by chance in less than one of a thousand simulations at the level.
func (r rate) beyond() bool {
	chance := distuv.Binomial{N: float64(r.runs), P: r.level}
	return r.hits > 0 && chance.Survival(float64(r.hits-1)) < 0.001
}

// falsePositives runs a scenario and counts, for each method, the runs in which it ever spoke against the truth.
func falsePositives(s scenario, all []method, size size) (rates []rate, withheld int) {
	hits := make([]atomic.Int64, len(all))
	var stopped atomic.Int64
	parallel(size.runs, func(run int) {
		found, broken := s.run(all, size, rand.New(rand.NewPCG(uint64(run), uint64(len(s.name)))))
		for i, hit := range found {
			if hit {
				hits[i].Add(1)
			}
		}
		if broken {
			stopped.Add(1)
		}
	})
	for i, m := range all {
		if s.effects() && !m.effects {
			continue
		}
		rates = append(rates, rate{s.name, m.name, m.alpha, int(hits[i].Load()), size.runs})
	}
	return rates, int(stopped.Load())
}

// run is one experiment: which methods ever spoke against the truth, and whether it ended with verdicts withheld.
func (s scenario) run(all []method, size size, dice *rand.Rand) (found []bool, broken bool) {
	found = make([]bool, len(all))
	l := look{seq: always.Sequence{PlannedUnits: int64(size.looks*size.perLook) / 4}}
	lifts := 0.0
	for i := range size.looks {
		progress := float64(i) / float64(size.looks)
		if next := len(l.epochs); next < len(s.epochs) && progress >= s.epochs[next].from {
			l.epochs = append(l.epochs, epoch{allocation: s.epochs[next]})
		}
		lifts += s.lift(progress)
		l.lift = lifts / float64(i+1)
		for range size.perLook {
			s.expose(&l.epochs[len(l.epochs)-1], progress, dice)
		}
		if broken = s.again > 0 && l.broken(); broken {
			continue
		}
		for m := range all {
			if !found[m] && (all[m].effects || !s.effects()) {
				found[m] = all[m].logE(l) >= -math.Log(all[m].alpha)
			}
		}
	}
	return found, broken
}

// expose lets one more unit come.
func (s scenario) expose(e *epoch, progress float64, dice *rand.Rand) {
	arm := e.pick(dice)
	lift := 0.0
	if arm == 1 {
		lift = s.lift(progress)
	}
	u := draw(dice, e.rate, lift)
	e.first[arm]++
	if s.again > 0 && dice.Float64() < s.again*u.activity && e.pick(dice) != arm {
		e.excluded[arm]++
		return
	}
	e.arms[arm].include(u)
}

// parallel calls do(0) to do(n-1) on all cores. Each has its own seed, so the order does not matter.
func parallel(n int, do func(i int)) {
	var wait sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wait.Wait()
}

// table prints rates as Markdown.
func table(title string, rates []rate) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| where | method | level | measured | runs |\n|---|---|---|---|---|\n", title)
	for _, r := range rates {
		fmt.Fprintf(&b, "| %s | %s | %.3g | %.3f | %d |\n", r.where, r.what, r.level, r.share(), r.runs)
	}
	return b.String()
}
