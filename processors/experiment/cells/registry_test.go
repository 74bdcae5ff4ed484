package cells_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment/cells"
)

func TestDeltaBeforeItsDefinition(t *testing.T) {
	b := newBench(t)
	b.delta("button", buyer(0, t0, 1000))
	b.delta("button", buyer(1, t0+1000, 1000))
	b.watermark(t0 + 1000)
	b.d.Run()
	b.d.Restart()
	b.delta("button", buyer(1, t0+1000, 1000))
	b.d.Run()
	require.Empty(t, b.last())
	require.EqualValues(t, 1, b.d.Counter(cells.CountPending))

	b.define(entry())
	b.d.Run()
	last := b.last()
	require.Equal(t, map[string]int64{"control": 1, "treatment": 2}, last[total].Units)
	require.True(t, last[window("1s", t0)].Closed)
	require.False(t, last[window("1s", t0+1000)].Closed)
	require.Empty(t, b.rows('p'))
}

func TestANewRunTakesThePlaceOfTheOld(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.d.Run()
	again := entry()
	again.Run = 2
	b.define(again)
	b.d.Run()
	last := b.last()
	require.Len(t, last, 1, "the windows of the old run are gone")
	require.EqualValues(t, 2, last[total].Run)
	require.Zero(t, last[total].Units["control"])
	require.True(t, last[total].Closed)
	require.Equal(t, again.Versions[0].Effective, last[total].AsOf)

	b.delta("button", buyer(0, t0, 1000))
	late := buyer(1, t0, 1000)
	late.Run = 2
	b.delta("button", late)
	b.d.Run()
	b.d.Advance(time.Second)
	require.Equal(t, map[string]int64{"control": 0, "treatment": 1}, b.last()[total].Units)
	require.EqualValues(t, 1, b.d.Counter(cells.CountSuperseded))
}

func TestANewVersionIsPublished(t *testing.T) {
	b := newBench(t)
	b.define(entry())
	b.delta("button", buyer(0, t0, 1000))
	b.delta("button", buyer(0, t0+70_000, 1000))
	b.watermark(t0 + 200_000)
	b.d.Run()
	next := entry()
	version := next.Versions[0]
	version.Version, version.Effective = 2, t0+60_000
	next.Versions = append(next.Versions, version)
	b.define(next)
	b.d.Run()
	b.d.Advance(time.Second)
	last := b.last()
	require.EqualValues(t, 2, last[total].ConfigVersion)
	require.EqualValues(t, 1, last[window("60s", t0)].ConfigVersion)
	require.EqualValues(t, 2, last[window("60s", t0+60_000)].ConfigVersion)
	b.d.Restart()
	n := b.sent(total)
	b.d.Run()
	require.Equal(t, n, b.sent(total), "a restart alone sends nothing")
}

func TestRegistryFaultsAreCounted(t *testing.T) {
	b := newBench(t)
	b.d.Pipe(registry, []byte("button"), []byte("{"))
	b.d.Pipe(registry, []byte("button"), []byte(`{"experiment":"button","run":1}`))
	b.define(entry())
	b.d.Pipe(registry, []byte("button"), nil)
	b.delta("button", buyer(0, t0, 1000))
	b.d.Run()
	require.EqualValues(t, 2, b.d.Counter(cells.CountRegistry))
	require.Contains(t, b.last(), total)
}
