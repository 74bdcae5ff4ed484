package task_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology"
)

// ticking is a topology with a punctuator of each clock, every 10 ms.
func ticking(b *topology.Builder, h *harness) {
	with(timed(b, "a"), "probe", topology.Needs{}, probe{
		init: func(ctx topology.Context) {
			for name, clock := range map[string]topology.Clock{"stream": topology.StreamClock, "wall": topology.WallClock} {
				fire := func(now int64) error {
					require.Empty(h.t, ctx.Source().Topic)
					h.note("%s@%s", name, since(now))
					return nil
				}
				require.NoError(h.t, ctx.Punctuate(topology.Punctuator{Name: name, Clock: clock, Every: 10 * time.Millisecond, Fire: fire}))
			}
		},
		process: func(_ topology.Context, rec *record) error {
			h.note("%s", rec.Key)
			return nil
		},
	})
}

func TestPunctuatorsFireByTheirClocks(t *testing.T) {
	h := start(t, ticking)
	require.NoError(t, h.Advance(base+3))
	require.Empty(t, h.took(), "a wall clock's first time is a period away, a stream's when there is one")
	for i, at := range []int64{4, 9, 10, 12, 35, 39, 40} {
		h.add(0, int64(i), "k", at)
	}
	h.work()
	require.Equal(t, "stream@4 k k stream@10 k k stream@35 k k stream@40 k", h.took(), "before the record that passes a multiple of 10")
	for _, wall := range []int64{12, 13, 20, 44, 45, 53} {
		require.NoError(t, h.Advance(base+wall))
	}
	require.Equal(t, "wall@13 wall@44 wall@53", h.took(), "once for all the times that were passed")
	require.EqualValues(t, base+63, h.NextWall())
}

// A schedule goes on over restarts: what was committed does not fire again, what was not does, and what fell due
// meanwhile fires once.
func TestPunctuatorsSurviveRestarts(t *testing.T) {
	h := start(t, ticking)
	h.add(0, 0, "k", 15)
	h.work()
	require.NoError(t, h.Advance(base+100))
	h.commit(nil)
	require.Equal(t, "stream@15 k", h.took())

	h.open()
	require.NoError(t, h.Advance(base+105))
	h.add(0, 1, "k", 16)
	h.work()
	require.Equal(t, "k", h.took(), "neither is due")
	h.add(0, 2, "k", 21)
	h.work()
	require.NoError(t, h.Advance(base+110))
	require.Equal(t, "stream@21 k wall@110", h.took())

	h.open() // without a commit
	h.add(0, 2, "k", 21)
	h.work()
	require.NoError(t, h.Advance(base+111))
	require.Equal(t, "stream@21 k wall@111", h.took(), "what had not been committed fires again")
	h.commit(nil)

	h.open()
	require.NoError(t, h.Advance(base+157))
	require.NoError(t, h.Advance(base+159))
	require.NoError(t, h.Advance(base+160))
	require.Equal(t, "wall@157 wall@160", h.took(), "the times of the schedule stay")
}

func TestPunctuatorsAreValidated(t *testing.T) {
	h := start(t, ticking)
	err := h.Punctuate(topology.Punctuator{Name: "a b", Every: time.Microsecond})
	for _, want := range []string{`punctuator "a b": a name has`, "its clock is neither", "it fires every 1µs", "it has no Fire"} {
		require.ErrorContains(t, err, want)
	}
	fire := func(int64) error { return nil }
	again := topology.Punctuator{Name: "wall", Clock: topology.WallClock, Every: time.Second, Fire: fire}
	require.ErrorContains(t, h.Punctuate(again), `punctuator "wall": the sub-topology has another of that name`)
}
