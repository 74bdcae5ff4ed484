package units

import (
	"fmt"
	"math"

	"github.com/abacus-stream/abacus/codecs/event"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/cespare/xxhash/v2"
)

// run is one run of an experiment, compiled from its entry. All but end and the versions stay as the first version had them.
type run struct {
	name     string
	hash     uint64
	number   int
	perEvent bool // unit: event
	windowed bool // panes keep values and units
	judged   bool // inference applies: the units are what is randomised
	first    bool // multiple_variants: first
	start    int64
	end      int64
	grace    int64
	dedup    int64
	reach    int64 // from a first exposure to the end of its row
	variants []string
	metrics  []metric // covariates behind those of the definition
	shown    int      // metrics of the definition
	joints   []joint
	memory   int64     // how long units are kept that are not exposed yet, for their covariates
	versions []version // ascending
	places   []place   // of the values of quantiles in a cell
	sums     *sums

	dimensions []dimension
	segments   int             // number of them, over all dimensions
	listed     map[string]bool // units that are not analysed
	holdout    *experiment.Holdout
}

// version is a config version and the event time from which it holds.
type version struct {
	number, effective int64
	reweighs          bool // its weights are not those of the version before
}

type metricKind uint8

// noLimit is the limit of totals without a cap.
const noLimit = math.MaxInt64

const (
	conversion metricKind = iota
	count
	mean
	quantiles
	last
	ratio // of the totals of two other metrics
	inert // takes no events
)

// metric is one metric, or a covariate of one; until, from and matures are ms after the first exposure.
type metric struct {
	kind        metricKind
	event       string
	key, text   string // of where; no key: every event of the type
	from, until int64
	decimals    int
	limit       int64 // cap of the unit's total, scaled
	valued      bool  // takes the values of events
	ofUnit      bool  // quantiles of unit totals
	place       int   // of quantiles, index of the first of its places
	matures     int64
	before      bool   // a covariate
	given       string // a covariate that is this prop of the exposure
}

// compile turns an entry into a run.
func compile(entry *experiment.Entry) (*run, error) {
	if len(entry.Versions) == 0 {
		return nil, fmt.Errorf("experiment %q: entry has no version", entry.Experiment)
	}
	d := entry.Versions[0].Definition
	d.Defaults()
	x := &run{
		name: entry.Experiment, hash: xxhash.Sum64String(entry.Experiment), number: entry.Run,
		perEvent: d.Unit == "event", judged: d.Unit != "event" || d.RandomisedBy == "event", windowed: entry.Windowed(),
		first: d.MultipleVariants == "first", start: entry.Versions[0].Effective,
		end: endOfVersion(&entry.Versions[len(entry.Versions)-1]), grace: int64(d.Grace), dedup: int64(d.DedupFor),
	}
	if d.Start != nil {
		x.start = max(x.start, d.Start.UnixMilli())
	}
	for _, v := range d.Variants {
		x.variants = append(x.variants, v.Name)
	}
	for i := range entry.Versions {
		v := &entry.Versions[i]
		changes := i > 0 && reweighs(entry.Versions[i-1].Definition.Variants, v.Definition.Variants)
		x.versions = append(x.versions, version{v.Version, v.Effective, changes})
	}
	x.compileSegments(d.Segments)
	x.compileLeftOut(&d)
	if err := x.compileMetrics(d.Metrics); err != nil {
		return nil, err
	}
	x.compileJoints(&d)
	x.sums = newSums(x)
	return x, nil
}

// endOfVersion is the end that a version states.
func endOfVersion(v *experiment.Version) int64 {
	if v.Definition.End == nil {
		return never
	}
	return v.Definition.End.UnixMilli()
}

func (x *run) compileMetrics(metrics []experiment.Metric) error {
	longest := int64(0)
	for i := range metrics {
		m, err := compileMetric(&metrics[i])
		if err != nil {
			return fmt.Errorf("experiment %q: metric %q: %w", x.name, metrics[i].Name, err)
		}
		if m.kind == quantiles {
			m.place = len(x.places)
			x.places = appendPlaces(x.places, i, x.perEvent || m.ofUnit)
		}
		x.metrics = append(x.metrics, m)
		longest = max(longest, m.until)
	}
	x.reach = plus(plus(longest, x.grace), x.dedup)
	return nil
}

func compileMetric(m *experiment.Metric) (out metric, err error) {
	kinds := map[string]metricKind{"conversion": conversion, "count": count, "mean": mean, "quantile": quantiles, "last": last, "ratio": ratio}
	kind, known := kinds[m.Kind]
	if !known {
		return metric{kind: inert, limit: noLimit}, nil
	}
	out = metric{
		kind: kind, event: m.Event, from: int64(m.Delay), decimals: m.Scale(), limit: noLimit,
		valued: m.Valued(), ofUnit: kind == quantiles && m.Of == "unit",
	}
	out.until = plus(out.from, int64(m.Window))
	out.matures = out.until
	if out.key, out.text, err = experiment.ParseWhere(m.Where); err != nil {
		return out, err
	}
	if kind == conversion {
		out.limit = 1
	} else if m.Cap != nil {
		if limit, _, ok := m.Cap.Scaled(out.decimals); ok {
			out.limit = limit
		}
	}
	return out, nil
}

// variant is the index of a name, -1 for an unknown one.
func (x *run) variant(name []byte) int {
	for i, known := range x.variants {
		if known == string(name) {
			return i
		}
	}
	return -1
}

// epoch is the config version that an exposure belongs to: the one it names if that is known, else by its time.
func (x *run) epoch(named, at int64) int64 {
	found := x.versions[0].number
	for _, v := range x.versions {
		if v.number == named {
			return named
		}
		if v.effective <= at {
			found = v.number
		}
	}
	return found
}

// matches says whether where holds for an event of the metric's type.
func (m *metric) matches(ev *event.Event) bool { return m.key == "" || ev.Where(m.key, m.text) }

// covers says whether an event time lies in the metric's window after a first exposure.
func (m *metric) covers(first, at int64) bool { return at-first >= m.from && at-first < m.until }

// total is the unit's total from the raw one.
func (m *metric) total(raw int64) int64 { return min(raw, m.limit) }

// due is when a metric matures for a unit; a covariate does with its metric.
func (x *run) due(m *metric, first int64) int64 { return after(first, plus(m.matures, x.grace)) }

// useful is how long after its time an event may still count for a metric.
func (m *metric) useful() int64 {
	if m.before {
		return plus(-m.from, m.matures)
	}
	return m.until
}
