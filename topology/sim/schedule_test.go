package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func config(seed uint64) *Config {
	cfg := &Config{Seed: seed, Duration: 10 * time.Hour}
	cfg.defaults()
	return cfg
}

func lines(faults []fault) (all []string) {
	for i := range faults {
		all = append(all, faults[i].String())
	}
	return all
}

func TestASeedGivesItsSchedule(t *testing.T) {
	first := schedule(config(7))
	require.Equal(t, first, schedule(config(7)))
	require.NotEqual(t, lines(first), lines(schedule(config(8))))
}

// Every kind comes, in the order of time and inside of the run, and none fences a worker twice within a minute.
func TestTheScheduleHasEveryKind(t *testing.T) {
	kinds, last, fenced := map[Kind]int{}, time.Duration(0), -fenceEvery
	for _, f := range schedule(config(7)) {
		kinds[f.kind]++
		require.GreaterOrEqual(t, f.at, max(last, calm))
		require.Less(t, f.at, 10*time.Hour-calm)
		require.Less(t, f.on, 2)
		if last = f.at; f.fences {
			require.GreaterOrEqual(t, f.at-fenced, fenceEvery)
			fenced = f.at
		}
	}
	for _, o := range odds {
		require.Greater(t, kinds[o.kind], 100, "of %s", o.kind)
	}
}

func TestOnlyTheKindsAskedFor(t *testing.T) {
	cfg := config(7)
	cfg.Kinds = []Kind{Cut, Lost}
	for _, f := range schedule(cfg) {
		require.Contains(t, cfg.Kinds, f.kind)
	}
}

func TestALineSaysWhatHappens(t *testing.T) {
	for want, f := range map[string]fault{
		"    1.500s kill-commit instance 1 after step 4 for 20ms":        {at: 1500 * time.Millisecond, kind: KillCommit, on: 1, step: 4, lasts: 20 * time.Millisecond},
		"    1.500s lost instance 0: 3 answers to EndTxn, silently true": {at: 1500 * time.Millisecond, kind: Lost, key: 26, count: 3, silent: true, lasts: patience},
		"    0.000s refuse EndTxn by CONCURRENT_TRANSACTIONS, 2 times":   {kind: Refuse, key: refused[0].key, err: refused[0].err, count: 2, lasts: patience},
		"    0.000s leader of 2 partitions":                              {kind: Leader, count: 2},
		"    0.000s coordinator":                                         {kind: Coordinator},
		"    0.000s stall instance 0 for 1s":                             {kind: Stall, lasts: time.Second},
	} {
		require.Equal(t, want, f.String())
	}
}

func TestEveryFaultOfAConfigIsReported(t *testing.T) {
	cfg := Config{Duration: time.Second, Instances: -1, Kinds: []Kind{"flood"}}
	cfg.defaults()
	err := cfg.Validate()
	for _, want := range []string{"no topology", "no input", "duration is 1s", "-1 instances", `"flood"`} {
		require.ErrorContains(t, err, want)
	}
}
