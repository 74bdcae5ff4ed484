package calibration

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/abacus-stream/abacus/processors/experiment/stats"
	"github.com/abacus-stream/abacus/processors/experiment/stats/split"
)

// alarms counts the runs in which the sequential check, or chi-square at every look, ever calls the split broken.
func alarms(weights, truth []float64, size size) (sequential, chiSquare rate, units float64) {
	var hits, chi, at atomic.Int64
	parallel(size.runs, func(run int) {
		dice := rand.New(rand.NewPCG(uint64(run), 2718))
		counts := make([]int64, len(weights))
		alarmed, cried := false, false
		for i := range size.looks {
			for range size.perLook {
				counts[armOf(truth, dice.Float64())]++
			}
			if !alarmed {
				logE, _ := split.LogE([]split.Epoch{{Units: counts, Weights: weights}})
				if alarmed = logE >= -math.Log(split.Alpha); alarmed {
					hits.Add(1)
					at.Add(int64((i + 1) * size.perLook))
				}
			}
			if !cried {
				if _, _, p, ok := stats.ChiSquare(counts, weights); ok && p <= split.Alpha {
					cried = true
					chi.Add(1)
				}
			}
		}
	})
	n := int(hits.Load())
	return rate{"", "sequential", split.Alpha, n, size.runs}, rate{"", "chi-square at every look", split.Alpha, int(chi.Load()), size.runs},
		float64(at.Load()) / float64(max(n, 1))
}

// armOf is the arm of a uniform draw.
func armOf(shares []float64, at float64) int {
	for i, s := range shares {
		if at -= s; at < 0 {
			return i
		}
	}
	return len(shares) - 1
}

func TestSplit(t *testing.T) {
	size := sizeOf(size{runs: 200, looks: 300, perLook: 100}, size{runs: 8000, looks: 2000, perLook: 100})
	var rates []rate
	for _, c := range []struct {
		name    string
		weights []float64
	}{
		{"clean split, 50/50", []float64{0.5, 0.5}},
		{"clean split, 10/90", []float64{0.9, 0.1}},
		{"clean split, three arms", []float64{0.4, 0.4, 0.2}},
	} {
		sequential, chi, _ := alarms(c.weights, c.weights, size)
		sequential.where, chi.where = c.name, c.name
		rates = append(rates, sequential, chi)
		if sequential.beyond() {
			t.Errorf("%s: %d alarms in %d runs, more than chance makes of %.3g", c.name, sequential.hits, size.runs, split.Alpha)
		}
	}
	t.Logf("%s", table("False alarms of the split check", rates))

	size.runs /= 10
	found, _, units := alarms([]float64{0.5, 0.5}, []float64{0.52, 0.48}, size)
	t.Logf("52/48 instead of 50/50: found in %.3f of runs within %d units, after %.0f on average", found.share(), size.looks*size.perLook, units)
	if found.share() < 0.9 {
		t.Errorf("52/48 found in %.3f of runs only", found.share())
	}
}
