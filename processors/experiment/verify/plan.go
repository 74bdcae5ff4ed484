package verify

import (
	"fmt"
	"math"
	"slices"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// plan is one run of an experiment with all its versions, resolved to what the recomputation needs.
type plan struct {
	name       string
	run        int
	byEvent    bool // unit: event
	randomised bool // by event: inference applies
	first      bool // multiple_variants: first
	start      int64
	grace      int64
	dedup      int64
	metrics    []metric
	variants   []string
	dimensions []dimension
	versions   []version
	archived   bool // no longer published
	entry      *experiment.Entry
}

// version is what may change while a run lasts.
type version struct {
	number, effective, end int64
	definition             experiment.Definition
}

// Defaults of the definition, in ms.
const (
	defaultGrace    = 5_000
	defaultDedup    = 24 * 3_600_000
	defaultWindow   = 7 * 24 * 3_600_000
	defaultDecimals = 6
	never           = int64(math.MaxInt64)
)

// newPlan resolves an entry of the registry; one without versions is an error.
func newPlan(entry experiment.Entry) (*plan, error) {
	if len(entry.Versions) == 0 {
		return nil, fmt.Errorf("verify: experiment %q: no version", entry.Experiment)
	}
	d := entry.Versions[0].Definition
	p := &plan{
		name: entry.Experiment, run: entry.Run, byEvent: d.Unit == "event", randomised: d.RandomisedBy == "event",
		first: d.MultipleVariants == "first", grace: ms(d.Grace, defaultGrace), dedup: ms(d.DedupFor, defaultDedup),
		start: entry.Versions[0].Effective, entry: &entry,
		archived: entry.State == experiment.Archived,
	}
	if d.Start != nil {
		p.start = max(p.start, d.Start.UnixMilli())
	}
	p.dimensions = newDimensions(&d)
	for _, v := range d.Variants {
		p.variants = append(p.variants, v.Name)
	}
	for _, m := range d.Metrics {
		resolved, err := newMetric(m)
		if err != nil {
			return nil, fmt.Errorf("verify: experiment %q: metric %q: %w", entry.Experiment, m.Name, err)
		}
		p.metrics = append(p.metrics, resolved)
	}
	for i := range d.Metrics {
		p.resolve(i, &d.Metrics[i])
	}
	for _, v := range entry.Versions {
		p.versions = append(p.versions, newVersion(v))
	}
	return p, nil
}

func newVersion(v experiment.Version) version {
	end := never
	if v.Definition.End != nil {
		end = v.Definition.End.UnixMilli()
	}
	return version{number: v.Version, effective: v.Effective, end: end, definition: v.Definition}
}

// ms is a duration, or its default where it is zero.
func ms(d experiment.Duration, standard int64) int64 {
	if d == 0 {
		return standard
	}
	return int64(d)
}

// view is what a task knows of a plan: the versions it has adopted, at least one.
type view struct {
	*plan
	known int
	since int // order of the last event before the task adopted the run: the events after it are the plan's
}

// end of the experiment, as the newest adopted version has it.
func (v view) end() int64 { return v.versions[v.known-1].end }

// epoch is the version of the allocation that an exposure belongs to: the one it names if that is known, else by time.
func (v view) epoch(named, at int64) int64 {
	found := v.versions[0].number
	for _, ver := range v.versions[:v.known] {
		if ver.number == named {
			return named
		}
		if ver.effective <= at {
			found = ver.number
		}
	}
	return found
}

// at is the definition in effect at an event time, the first where none is yet.
func (p *plan) at(ts int64) *experiment.Definition {
	found := &p.versions[0]
	for i := range p.versions {
		if p.versions[i].effective <= ts {
			found = &p.versions[i]
		}
	}
	return &found.definition
}

// grains is all that a version publishes.
func (p *plan) grains() []string {
	var all []string
	for i := range p.versions {
		for _, grain := range p.versions[i].definition.Windows {
			if !slices.Contains(all, grain) {
				all = append(all, grain)
			}
		}
	}
	return all
}

// judged says whether inference applies.
func (p *plan) judged() bool { return !p.byEvent || p.randomised }

// variant is the index of a name, -1 if there is none such.
func (p *plan) variant(name string) int {
	for i, known := range p.variants {
		if known == name {
			return i
		}
	}
	return -1
}

// reach is the time from a first exposure to the end of what a row keeps of it.
func (p *plan) reach() int64 {
	longest := int64(0)
	for i := range p.metrics {
		longest = max(longest, p.metrics[i].span())
	}
	return after(after(longest, p.grace), p.dedup)
}

// former is an earlier run of the plan, of which the registry tells no more: taken to be like the present one. Nothing of
// it is published, but its units have rows.
func (p *plan) former(run int) *plan {
	f := *p
	f.run, f.start, f.versions = run, math.MinInt64, []version{p.versions[0]}
	f.versions[0].end = never
	return &f
}

// uses says whether a metric of the plan is about a type of events.
func (p *plan) uses(kind string) bool {
	for i := range p.metrics {
		for _, m := range p.metrics[i].all() {
			if m.event != "" && m.event == kind {
				return true
			}
		}
	}
	return false
}

// outOfRange says whether a value is beyond 2^53 at the finest decimals of the metrics that take the event.
func (p *plan) outOfRange(e *event) bool {
	for i := range p.metrics {
		for _, m := range p.metrics[i].all() {
			if !m.valued() || e.value == nil || !m.takes(e) {
				continue
			}
			if _, _, ok := e.value.scaled(m.decimals); !ok {
				return true
			}
		}
	}
	return false
}

// after is at + span, never where span is.
func after(at, span int64) int64 {
	if span > never-max(at, 0) {
		return never
	}
	return at + span
}
