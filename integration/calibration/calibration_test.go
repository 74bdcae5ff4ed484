package calibration

import (
	"flag"
	"testing"
)

var (
	full  = flag.Bool("full", false, "simulate as much as the README quotes: about a quarter of an hour")
	fewer = flag.Int("fewer", 1, "with -full: simulate one run of so many")
)

// sizeOf is the reduced size, or the full one.
func sizeOf(reduced, whole size) size {
	if !*full {
		return reduced
	}
	whole.runs /= max(*fewer, 1)
	return whole
}

// No always-valid method speaks against the truth in more than a share alpha of runs, however often one looks.
func TestFalsePositives(t *testing.T) {
	size := sizeOf(size{runs: 24, looks: 300, perLook: 50}, size{runs: 1000, looks: 2000, perLook: 50})
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			all := methods
			if s.again == 0 && !s.effects() {
				all = append([]method{peeking}, methods...)
			}
			rates, withheld := falsePositives(s, all, size)
			t.Logf("%s", table("False positives under "+s.name, rates))
			for _, r := range rates {
				switch {
				case r.what == peeking.name:
					if r.share() < r.level+r.slack() {
						t.Errorf("%s: only %.3f: the simulation would not see a method that fails", r.what, r.share())
					}
				case r.beyond():
					t.Errorf("%s: %.4f of %d runs, more than chance makes of %.3g", r.what, r.share(), r.runs, r.level)
				}
			}
			if s.again > 0 {
				t.Logf("verdicts withheld at the end in %d of %d runs", withheld, size.runs)
			}
			if s.withheld && withheld < size.runs*9/10 {
				t.Errorf("verdicts withheld in %d of %d runs: the assignment is broken in all", withheld, size.runs)
			}
		})
	}
}
