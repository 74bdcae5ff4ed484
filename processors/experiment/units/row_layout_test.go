package units

import (
	"math"
	"testing"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/topology"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func anyRow(t *rapid.T) *Row {
	r := &Row{Timer: rapid.Int64().Draw(t, "timer"), Last: rapid.Int64().Draw(t, "last"), Late: 3, Conflicts: 4}
	count := rapid.Int64Range(0, math.MaxInt64)
	for range rapid.IntRange(0, 3).Draw(t, "enrolments") {
		e := Enrolment{Experiment: rapid.Uint64().Draw(t, "hash"), Run: 2, BeforeStart: count.Draw(t, "before"), AfterEnd: count.Draw(t, "after")}
		if rapid.Bool().Draw(t, "exposed") {
			e.Exposed, e.Several, e.First, e.Epoch = true, rapid.Bool().Draw(t, "several"), rapid.Int64().Draw(t, "first"), 7
			e.Checked, e.Drawn, e.LeftOut = rapid.Bool().Draw(t, "checked"), rapid.Bool().Draw(t, "drawn"), experiment.Cause(rapid.IntRange(0, 2).Draw(t, "left out"))
			for d := range rapid.IntRange(0, 5).Draw(t, "dimensions") {
				e.Parts[1+d] = rapid.Uint16Range(1, math.MaxUint16).Draw(t, "segment")
			}
			e.FirstID, e.Variant, e.Arrived, e.Earlier, e.Seen = []byte("id\x00é"), 2, math.MinInt64, 9, count.Draw(t, "seen")
			e.Totals = rapid.SliceOfN(rapid.Int64(), 2, 2).Draw(t, "totals")
			e.Matured = rapid.SliceOfN(count, 2, 2).Draw(t, "matured")
		}
		r.Enrolments = append(r.Enrolments, e)
	}
	for range rapid.IntRange(0, 2).Draw(t, "pending") {
		r.Pending = append(r.Pending, Pending{rapid.Uint64().Draw(t, "id"), 5, rapid.Int64().Draw(t, "due")})
	}
	for range rapid.IntRange(0, 5).Draw(t, "kept") {
		k := Kept{ID: rapid.Uint64().Draw(t, "id"), Content: rapid.Uint32().Draw(t, "content"), Kind: Kind(rapid.IntRange(0, 4).Draw(t, "kind"))}
		var values []int64
		if k.Kind == Metric {
			k.Time, k.Class, k.HasValue = rapid.Int64Range(0, 1<<50).Draw(t, "time"), 3, rapid.Bool().Draw(t, "value")
			k.Retracted, k.Refused = rapid.Bool().Draw(t, "retracted"), rapid.Bool().Draw(t, "refused")
			if k.HasValue {
				values = rapid.SliceOfN(rapid.Int64(), 0, 3).Draw(t, "values")
			}
		}
		r.keep(k, values)
	}
	return r
}

func TestRowsSurviveTheirLayout(t *testing.T) {
	used := &Row{}
	rapid.Check(t, func(rt *rapid.T) {
		r := anyRow(rt)
		data := AppendRow(nil, r)
		fresh := &Row{}
		require.NoError(rt, ParseRow(data, fresh))
		require.NoError(rt, ParseRow(data, used), "into memory used before")
		require.Equal(rt, data, AppendRow(nil, fresh))
		require.Equal(rt, data, AppendRow(nil, used))
		require.Equal(rt, len(r.Kept), len(fresh.Kept))
		for i, e := range r.Enrolments {
			got := fresh.Enrolments[i]
			require.Equal(rt, []any{e.Parts, e.Checked, e.Drawn, e.LeftOut}, []any{got.Parts, got.Checked, got.Drawn, got.LeftOut})
		}
		for i := range data {
			require.ErrorIs(rt, ParseRow(data[:i], used), ErrRow)
		}
		require.ErrorIs(rt, ParseRow(append(data, 0), used), ErrRow)
	})
}

// Of a unit that was not drawn, or of a row of before that was kept.
func TestRowLayout(t *testing.T) {
	r := &Row{Timer: 1, Last: 2}
	r.Enrolments = []Enrolment{{Experiment: 3, Run: 1, Exposed: true, Checked: true, First: -1, FirstID: []byte("x"), Epoch: 1, Totals: []int64{-2}, Matured: []int64{5}}}
	r.keep(Kept{ID: 4, Content: 5, Time: 10, Class: 1, HasValue: true}, []int64{7})
	require.Equal(t, []byte{
		1, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0,
		1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 1, 0, 0, 1, 2, 0, 1, 'x', 0, 0, 0, 1, 3, 5,
		0,
		1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 5, 8, 20, 1, 1, 14,
	}, AppendRow(nil, r))
}

func TestRowLayoutOfSegments(t *testing.T) {
	e := Enrolment{Experiment: 3, Run: 1, Exposed: true, Drawn: true, LeftOut: experiment.CauseHeld, First: -1, FirstID: []byte("x"), Epoch: 1, Parts: segments{0, 9, 300}}
	require.Equal(t, []byte{
		1, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0,
		1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 1 | 4 | 8 | 2<<4 | 64, 0, 0, 1, 2, 0, 1, 'x', 0, 2, 9, 0xac, 2, 0, 0, 0,
		0, 0,
	}, AppendRow(nil, &Row{Timer: 1, Last: 2, Enrolments: []Enrolment{e}}))
}

func TestKeptRecordsAreAsTheyWereRead(t *testing.T) {
	for _, src := range []topology.Source{
		{Topic: "t", Partition: 3, Offset: 9, Appended: 77, Time: 77, Key: nil, Value: []byte{}},
		{Topic: "t", Appended: 1, Time: 1, Key: []byte{}, Value: []byte("v"), Headers: []topology.Header{{Key: "k", Value: []byte("h")}}},
	} {
		data := appendRecord(5, 6, &src)
		got, err := parseRecord(data)
		require.NoError(t, err)
		require.Equal(t, &src, got)
		require.EqualValues(t, 6, recordGroup(data))
		for i := range data {
			_, err := parseRecord(data[:i])
			require.ErrorIs(t, err, ErrRow)
		}
	}
}

func TestClassesSurviveTheirLayout(t *testing.T) {
	k := &class{decimals: []int{2, 6}, takes: []take{{hash: 9, number: 2, metrics: []taken{{0, -1}, {3, 1}}}}}
	data := k.append(nil)
	got := &class{}
	require.NoError(t, got.parse(data))
	require.Equal(t, k, got)
	for i := range data {
		require.ErrorIs(t, (&class{}).parse(data[:i]), ErrRow)
	}
}
