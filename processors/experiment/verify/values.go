package verify

import (
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/axiomhq/hyperloglog"
	"github.com/cespare/xxhash/v2"
)

// values is how often there is each value; counts of 0 are not in it.
type values map[int64]int64

func (v values) add(o values) {
	for value, n := range o {
		if v[value] += n; v[value] == 0 {
			delete(v, value)
		}
	}
}

func (v values) count() (n int64) {
	for _, k := range v {
		n += k
	}
	return n
}

// bucket is where values of a quantile metric are: those of events by the hash of their unit, all others in 0.
type bucket struct{ metric, number int }

// bucketOf is the bucket of an event of a unit.
func bucketOf(metric int, unit string) bucket {
	return bucket{metric, int(xxhash.Sum64String(unit) >> 59)}
}

// buckets are the values of all quantile metrics.
type buckets map[bucket]values

func (b buckets) add(key bucket, all values) {
	if b[key] == nil {
		b[key] = values{}
	}
	b[key].add(all)
}

// bins are the buckets as package cells takes them. It knows by itself how many totals are 0.
func (b buckets) bins(metrics []metric) (out []experiment.Bins) {
	for key, all := range b {
		bins := experiment.Bins{Metric: key.metric, Bucket: key.number}
		for value, n := range all {
			if value != 0 || !metrics[key.metric].ofUnit {
				bins.Values.Add(value, n)
			}
		}
		out = append(out, bins)
	}
	return out
}

// bins are the values of a window as package cells takes them, and how many units they are of.
func (e *Events) bins() (out experiment.PaneBins) {
	for value, n := range e.values {
		out.Values.Add(value, n)
	}
	out.Seen.Add(experiment.LongAgo, e.units)
	return out
}

// rowsSeen are the rows of units that have an event in a window, by metric and variant.
type rowsSeen map[[3]int]bool

// fresh is how many rows were not seen before.
func (r rowsSeen) fresh(metric, variant int, rows map[int]bool) (n int64) {
	for row := range rows {
		if key := [3]int{metric, variant, row}; !r[key] {
			r[key] = true
			n++
		}
	}
	return n
}

// estimate is about how many names there are: what a HyperLogLog of 2^12 registers makes of their hashes.
func estimate(names map[string]bool) int64 {
	sketch, err := hyperloglog.NewSketch(12, false)
	if err != nil || len(names) == 0 {
		return 0
	}
	for name := range names {
		sketch.InsertHash(xxhash.Sum64String(name))
	}
	return int64(sketch.Estimate())
}

// windowed says whether windows have what is known of their values and units: as the first version of the run has it.
func (p *plan) windowed() bool {
	asked := p.versions[0].definition.Windows
	return asked == nil || len(asked) > 0
}
