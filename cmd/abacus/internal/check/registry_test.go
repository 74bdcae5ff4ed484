package check

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/embedded"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
)

// entry is one run of an experiment with versions accepted at the times given, in Unix ms.
func entry(name string, run int, accepted ...int64) experiment.Entry {
	e := experiment.Entry{Experiment: name, Run: run, State: experiment.Stopped}
	for i, at := range accepted {
		e.Versions = append(e.Versions, experiment.Version{Version: int64(i + 1), Accepted: at})
	}
	return e
}

// TestRegistryOfATime: the row of that time where it is retained; else the present row without what came later.
func TestRegistryOfATime(t *testing.T) {
	ctx := context.Background()
	services, err := embedded.Open(ctx, "abacus", 1)
	require.NoError(t, err)
	t.Cleanup(services.Close)
	reader, err := logs.Open(services.Brokers...)
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	put := func(at int64, e experiment.Entry) {
		value, err := json.Marshal(e)
		require.NoError(t, err)
		rec := &kgo.Record{Topic: "abacus.registry-table", Key: []byte(e.Experiment), Value: value, Timestamp: time.UnixMilli(at)}
		require.NoError(t, services.Client.ProduceSync(ctx, rec).FirstErr())
	}
	put(1000, entry("a", 1, 1000))
	put(1500, entry("b", 1, 1500))
	put(2000, entry("a", 2, 2000))
	put(3000, entry("b", 1, 1500, 3000))
	put(4000, entry("c", 1, 4000))

	versions := func(at int64) map[string][2]int {
		got, err := readRegistry(ctx, Config{Prefix: "abacus", Logs: reader}, &cut{at: at})
		require.NoError(t, err)
		all := map[string][2]int{}
		for _, e := range got {
			all[e.Experiment] = [2]int{e.Run, len(e.Versions)}
		}
		return all
	}
	require.Equal(t, map[string][2]int{"a": {2, 1}, "b": {1, 2}, "c": {1, 1}}, versions(0), "now")
	require.Equal(t, map[string][2]int{"a": {1, 1}, "b": {1, 1}, "c": {1, 0}}, versions(1500))
	require.Equal(t, map[string][2]int{"a": {2, 1}, "b": {1, 1}, "c": {1, 0}}, versions(2999))

	var gone kadm.Offsets
	gone.AddOffset("abacus.registry-table", 0, 2, -1) // as compaction takes the first rows of a and b
	_, err = kadm.NewClient(services.Client).DeleteRecords(ctx, gone)
	require.NoError(t, err)
	require.Equal(t, map[string][2]int{"a": {2, 0}, "b": {1, 1}, "c": {1, 0}}, versions(1500))
}

// TestKnown: what no task had adopted is not known; an earlier run that the registry has forgotten is told.
func TestKnown(t *testing.T) {
	s := &schedule{adoptions: map[string]verify.Adoption{
		"1": {Experiment: "a", Run: 1, Version: 1}, "2": {Experiment: "b", Run: 1, Version: 1}, "3": {Experiment: "d", Run: 2, Version: 1},
	}}
	known, forgotten := s.known([]experiment.Entry{entry("a", 1, 1000), entry("b", 2), entry("c", 1, 1000), entry("d", 2, 1000), entry("e", 1)})
	require.Equal(t, []experiment.Entry{entry("a", 1, 1000), entry("d", 2, 1000)}, known)
	require.Equal(t, []string{"b"}, forgotten)
}

// TestDecided: what a task decides before an event of the cut belongs to it, before the first event after it only by its time.
func TestDecided(t *testing.T) {
	c := &cut{at: 5000, ends: kadm.ListedOffsets{"events": {0: {Offset: 7}, 1: {Offset: 0}}}}
	for _, test := range []struct {
		partition  int32
		offset, at int64
		want       bool
	}{
		{0, 6, 9000, true}, // adopted late, by a task that was behind
		{0, -1, 9000, true},
		{0, 7, 5000, true},
		{0, 7, 5001, false},
		{0, 8, 4000, false},
		{1, -1, 5000, true},
		{1, -1, 5001, false},
		{1, 0, 5001, false},
	} {
		rec := &kgo.Record{Partition: test.partition, Timestamp: time.UnixMilli(test.at)}
		require.Equal(t, test.want, c.decided("events", rec, test.offset), "%+v", test)
	}
	require.True(t, (&cut{}).decided("events", &kgo.Record{}, 99), "without a time everything counts")
}
