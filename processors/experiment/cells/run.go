package cells

import (
	"math"
	"time"

	"github.com/abacus-stream/abacus/processors/experiment"
)

// run is what a task remembers of the present run of an experiment.
type run struct {
	name   string
	number int
	entry  experiment.Entry
	grains []grainName // tumbling, all that any version asks for, 1s first
	slides []slide     // sliding ones

	segments []string // names, in the order of their indexes

	last    int64    // of the total row
	ripe    []int64  // starts of the panes of maturity that are not folded, ascending
	figures figures  // of the total, as the last pane left them
	unsent  bool     // the total changed
	closing int64    // end of the first open pane that has changed since the total was sent; 0: none
	open    []window // changed windows, to be sent when their time has come
	closed  []window // windows closed since the last emit
	listed  bool     // in processor.changed
	unswept bool     // in processor.unswept

	totalEvery int64 // least ms between two records of the total
	totalAt    int64 // wall time of the last one
	windowsAt  int64 // of changed windows
}

// long ago: nothing has been sent yet.
const longAgo = math.MinInt64 / 2

// follow takes what the run is by from its entry. The time between two totals is longer for a large one.
func (r *run) follow(e experiment.Entry, every int64) {
	r.entry, r.grains, r.slides, r.figures = e, grainsOf(&e), slidesOf(&e, r.slides), figures{}
	d := &e.Latest().Definition
	r.segments = e.Versions[0].Definition.SegmentNames()
	r.totalEvery = max(every, int64(len(d.Metrics)*len(d.Variants)*(1+len(r.segments)))/cellsPerMs)
}

// newest is the number of the latest version.
func (r *run) newest() int64 { return r.entry.Versions[len(r.entry.Versions)-1].Version }

// grainName is a grain as the definition writes it and its length in ms.
type grainName struct {
	name   string
	length int64
}

// grain is how a grain is treated in a window.
type grain struct {
	grainName
	retention int64 // ms after the end of a window
	published bool
}

const (
	second     = 1000
	baseGrain  = "1s"
	defaultFor = time.Hour
)

// retentions are the defaults by grain.
var retentions = map[string]time.Duration{"1s": 10 * time.Minute, "5s": time.Hour, "60s": 7 * 24 * time.Hour, "sliding 60s": 10 * time.Minute}

// grainsOf lists the tumbling grains of all versions of an entry, the base grain first.
func grainsOf(e *experiment.Entry) []grainName {
	all := []grainName{{baseGrain, second}}
	seen := map[string]bool{baseGrain: true}
	for i := range e.Versions {
		for _, name := range e.Versions[i].Definition.Windows {
			if length := grainLength(name); length > 0 && !seen[name] {
				seen[name] = true
				all = append(all, grainName{name, length})
			}
		}
	}
	return all
}

// grainLength is the length of a tumbling window in ms; 0 for what is none, or no whole number of panes.
func grainLength(name string) int64 {
	d, err := time.ParseDuration(name)
	if err != nil || d <= 0 || d%time.Second != 0 {
		return 0
	}
	return d.Milliseconds()
}

// grainAt is how the window of a grain that begins at start is treated.
func (r *run) grainAt(g grainName, start int64) grain {
	def := &versionAt(&r.entry, start).Definition
	out := grain{grainName: g}
	for _, name := range def.Windows {
		out.published = out.published || name == g.name
	}
	out.retention = retentionOf(def, g.name)
	return out
}

// retentionOf is how long after its end a window of a grain is kept, ms.
func retentionOf(def *experiment.Definition, grain string) int64 {
	if kept, ok := def.Retention[grain]; ok {
		return int64(kept)
	}
	kept, ok := retentions[grain]
	if !ok {
		kept = defaultFor
	}
	return kept.Milliseconds()
}

// versionAt is the version of an entry in effect at an event time: the latest that is, else the first.
func versionAt(e *experiment.Entry, at int64) *experiment.Version {
	found := &e.Versions[0]
	for i := range e.Versions {
		if e.Versions[i].Effective <= at {
			found = &e.Versions[i]
		}
	}
	return found
}

// window names a window of the run.
func (r *run) window(grain string, start int64) window {
	return window{experiment: r.name, run: r.number, grain: grain, start: start}
}

// floor is the start of the window of a length in which a time lies.
func floor(at, length int64) int64 {
	rest := at % length
	if rest < 0 {
		rest += length
	}
	return at - rest
}
