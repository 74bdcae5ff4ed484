package replay

import (
	"fmt"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// margin is added to the lateness of the file: what partitions of one topic may differ by.
const margin = 5 * time.Second

// Plan is a file that has been read once: what it will say, and the experiment that counts it.
type Plan struct {
	Definition experiment.Definition
	Run        int // of the experiment, part of every event's id; New sets 1

	Rows        int           // rows that will be fed
	Unchosen    int           // rows that --where leaves out
	Conflicting int           // rows that --exclude-conflicts leaves out
	Conflicts   int           // values seen with two variants
	BadRows     int           // rows skipped; 0 without SkipBad
	Bad         []BadRow      // the first ten of them
	First, Last int64         // least and greatest event time, Unix ms
	Lateness    time.Duration // how far a row is behind the greatest time before it, in file order

	cfg       Config
	mapping   *mapping
	conflicts map[string]bool
	expansion *expansion // of aggregated files; nil: the rows are units
}

// New checks the flags and reads the file for the first time. Errors are *UsageError, *BadRowsError where the file
// has bad rows (without SkipBad) or no good one, or what reading it gave.
func New(cfg Config) (*Plan, error) {
	m, err := cfg.mapping()
	if err != nil {
		return nil, err
	}
	weights, err := parseWeights(cfg.Weights)
	if err != nil {
		return nil, err
	}
	p := &Plan{Run: 1, cfg: cfg, mapping: m}
	s := newSurvey(m)
	err = p.pass(&reader{
		row:      func(_ []string, r *row) error { return s.see(r) },
		bad:      s.blame,
		unchosen: func() { s.unchosen++ },
	})
	if err != nil {
		return nil, err
	}
	if s.bad > 0 && !cfg.SkipBad || s.rows == 0 {
		return nil, &BadRowsError{File: cfg.File, Count: s.bad, First: s.firstBad}
	}
	if s.exposed == 0 {
		return nil, &UsageError{"exposure", fmt.Sprintf("%q: no row is an exposure, so no unit would count", cfg.Exposure)}
	}
	return p, p.settle(s, weights)
}

// settle makes the definition and the figures of the plan from what the survey found.
func (p *Plan) settle(s *survey, weights map[string]float64) error {
	names, err := s.ordered(p.cfg.Control)
	if err != nil {
		return err
	}
	for name := range weights {
		if !s.known[name] {
			return &UsageError{"weight", fmt.Sprintf("no row has the variant %q: there are %s", name, quoted(names))}
		}
	}
	for _, d := range p.mapping.dimensions {
		if len(d.definition().Values) == 0 {
			return &UsageError{"segment", fmt.Sprintf("%s has no value that could be listed: want 1 to 64 bytes of text, and not %s", d.column, experiment.OtherSegment)}
		}
	}
	p.conflicts = s.conflicts()
	p.Rows, p.Unchosen, p.BadRows, p.Bad = s.rows-s.conflictingRows, s.unchosen, s.bad, s.firstBad
	p.Conflicts, p.Conflicting = len(p.conflicts), s.conflictingRows
	p.First, p.Last, p.Lateness = s.earliest, s.latest, time.Duration(s.late)*time.Millisecond
	if p.Rows == 0 {
		return &BadRowsError{File: p.cfg.File}
	}
	p.Definition = p.define(names, weights)
	return nil
}

func (p *Plan) define(names []string, weights map[string]float64) experiment.Definition {
	start := time.UnixMilli(firstTime).UTC()
	grace := max(p.cfg.Grace, p.Lateness+margin)
	def := experiment.Definition{
		Experiment: p.cfg.Experiment,
		Unit:       "user",
		Control:    p.cfg.Control,
		Start:      &start,
		Grace:      experiment.Duration(grace.Milliseconds()),
		DedupFor:   experiment.Unlimited,
	}
	for _, name := range names {
		weight, given := weights[name]
		if !given {
			weight = 1
		}
		def.Variants = append(def.Variants, experiment.Variant{Name: name, Weight: weight})
	}
	if p.mapping == nil {
		return def
	}
	for _, m := range p.mapping.measures {
		def.Metrics = append(def.Metrics, m.definition())
	}
	for _, d := range p.mapping.dimensions {
		def.Segments = append(def.Segments, d.definition())
	}
	return def
}
