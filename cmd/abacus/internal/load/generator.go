package load

import (
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/abacus-stream/abacus/codecs/event"
)

// What units do, as shares.
const (
	baseRate  = 0.20 // of units in control that purchase
	returning = 0.20 // of units that are exposed a second time
	repeating = 0.10 // of buyers that purchase a second time

	baseErrors    = 0.03 // of units in control that make an error, where they are guarded
	harmfulErrors = 3    // times as many in treatment
)

// spread is how long after its cause an event comes, at most. ms.
const spread = 2000

// Generator makes the events. It is for one goroutine.
type Generator struct {
	cfg    Config
	random *rand.Rand
	arms   []arm
	tags   *arm // nil: no tagged events
	wheel  *wheel
	reach  uint64 // spread in slots

	begun, stopped bool
	start          int64  // time of slot 0
	slot           uint64 // events that have left, and slots in which none did
	units          uint64
	truth          Truth

	ev     event.Event
	prefix string // of units and ids: by the seed
	id     []byte
	unit   []byte
}

// New returns a generator; the error is that of Validate.
func New(cfg Config) (*Generator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.defaults()
	g := &Generator{
		cfg:    cfg,
		random: rand.New(rand.NewPCG(cfg.Seed, 0x9e3779b97f4a7c15)),
		reach:  1 << 14,
		prefix: "u" + strconv.FormatUint(cfg.Seed, 36) + "-",
	}
	if cfg.Rate > 0 {
		g.reach = uint64(min(max(cfg.Rate*spread/1000, 1), 1<<18))
	}
	g.wheel = newWheel(int(2*g.reach) + 2)
	g.arms = cfg.arms()
	if cfg.Tagged > 0 {
		g.tags = cfg.tagged()
	}
	return g, nil
}

// Next returns the next event, if one is due at now (Unix ms, never going back), else nil. The first call starts the
// stream. With a rate, events have the times at which they are due, so a caller that was held up gets them in a row,
// older than now; else they have the time now. The event and its bytes are valid until the next call.
func (g *Generator) Next(now int64) *event.Event {
	if !g.begun {
		g.begun, g.start = true, now
	}
	for {
		at := g.timeOf(now)
		if at > now || g.Done() {
			return nil
		}
		g.wheel.turn(g.slot)
		e, ok := g.take()
		for ok && g.holdBack(e, at) {
			e, ok = g.take()
		}
		g.slot++
		if ok {
			return g.emit(e, at)
		}
	}
}

// timeOf returns when the current slot is due.
func (g *Generator) timeOf(now int64) int64 {
	if g.cfg.Rate == 0 {
		return now
	}
	return g.start + int64(float64(g.slot)*1000/g.cfg.Rate)
}

// Stop ends the arrival of units. What has begun still comes, at its pace, so that the truth holds in the end.
func (g *Generator) Stop() { g.stopped = true }

// Done reports whether everything has come after Stop.
func (g *Generator) Done() bool { return g.stopped && g.wheel.waiting == 0 }

// take returns what leaves next: what is ready, else a new unit or a call.
func (g *Generator) take() (entry, bool) {
	if e, ok := g.wheel.next(); ok || g.stopped {
		return e, ok
	}
	g.units++
	if g.tags != nil && g.random.Float64() < g.cfg.Tagged {
		return g.call(), true
	}
	return g.arrive(), true
}

// call draws a tagged event.
func (g *Generator) call() entry {
	e := entry{unit: g.units, kind: called, variant: g.draw(g.cfg.Split)}
	e.amount = int64(400 * math.Exp(0.4*g.random.NormFloat64()) * g.tags.factor(e.variant))
	g.tags.count(e.variant, 0, e.amount)
	return e
}

// arrive draws a unit and all it will do.
func (g *Generator) arrive() entry {
	experiment := g.random.IntN(len(g.arms))
	a := &g.arms[experiment]
	e := entry{unit: g.units, kind: exposed, experiment: int32(experiment), variant: g.draw(g.cfg.Split)}
	if g.random.Float64() < returning {
		g.later(e, returned, 0, g.reach)
	}
	if a.guarded && g.random.Float64() < a.errorRate(e.variant) {
		g.later(e, failed, 0, g.reach/4)
		a.variants[e.variant].failed++
	}
	if g.random.Float64() >= a.rate(e.variant) {
		a.count(e.variant, 0, 0)
		return e
	}
	first := g.purchase(e, bought, 0)
	amount := first.amount
	if g.random.Float64() < repeating {
		amount += g.purchase(e, again, first.after).amount
	}
	a.count(e.variant, 1, amount)
	return e
}

// planned is a purchase to come.
type planned struct {
	amount int64
	after  uint64 // slots
}

func (g *Generator) purchase(e entry, k kind, after uint64) planned {
	e.amount = min(int64(2000*math.Exp(0.8*g.random.NormFloat64()))+1, 50_000)
	return planned{e.amount, g.later(e, k, after, g.reach)}
}

// later puts an event of the same unit into one of reach slots after now and after; it returns how many slots from now.
func (g *Generator) later(e entry, k kind, after, reach uint64) uint64 {
	e.kind = k
	after += 1 + g.random.Uint64N(max(reach, 1))
	g.wheel.put(g.slot+after, e)
	return after
}

// holdBack decides whether e, which has its time now, comes late.
func (g *Generator) holdBack(e entry, at int64) bool {
	if g.cfg.Late == 0 || e.timed || g.random.Float64() >= g.cfg.Late {
		return false
	}
	e.timed, e.time = true, at
	g.wheel.put(g.slot+1+g.random.Uint64N(g.reach), e)
	g.truth.Late++
	return true
}

func (g *Generator) draw(share float64) uint8 {
	if g.random.Float64() < share {
		return 1
	}
	return 0
}
