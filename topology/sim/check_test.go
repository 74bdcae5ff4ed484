package sim

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/state/memory"
)

func record(offset int64, key, value string) *kgo.Record {
	r := &kgo.Record{Topic: "t", Offset: offset, Key: []byte(key)}
	if value != "" {
		r.Value = []byte(value)
	}
	return r
}

// What is missing, wrong or too much is found, whether the last value counts or every one.
func TestDifferencesAreFound(t *testing.T) {
	list := func(kv ...string) (all []note) {
		for i := 0; i < len(kv); i += 2 {
			value := []byte(kv[i+1])
			if kv[i+1] == "" {
				value = nil
			}
			all = append(all, note{1, []byte(kv[i]), value})
		}
		return all
	}
	oracle := list("ann", "1", "ann", "2", "bob", "1", "bob", "")
	for name, c := range map[string]struct {
		got               []note
		last, every, each int
	}{
		"the same":          {oracle, 0, 0, 0},
		"another order":     {list("bob", "1", "bob", "", "ann", "1", "ann", "2"), 0, 0, 0},
		"a duplicate":       {list("ann", "1", "ann", "1", "ann", "2", "bob", "1", "bob", ""), 0, 1, 1},
		"a regression":      {list("ann", "2", "ann", "1", "bob", "1", "bob", ""), 1, 1, 0},
		"one lost":          {list("ann", "1", "bob", "1", "bob", ""), 1, 1, 1},
		"a tombstone lost":  {list("ann", "1", "ann", "2", "bob", "1"), 1, 1, 1},
		"one that is not":   {append(list("cid", "1"), oracle...), 1, 1, 1},
		"nothing came out":  {nil, 1, 2, 4},
		"another partition": {[]note{{0, []byte("ann"), []byte("2")}}, 2, 3, 5},
	} {
		require.Len(t, differences("t", lastOf(c.got), lastOf(oracle)), c.last, "%s, last", name)
		require.Len(t, differences("t", everyOf(c.got), everyOf(oracle)), c.every, "%s, every", name)
		require.Len(t, differences("t", tallyOf(c.got), tallyOf(oracle)), c.each, "%s, tally", name)
	}
}

func TestAStoreAheadOfItsChangelogIsFound(t *testing.T) {
	changelog := []*kgo.Record{record(0, "ann", "1"), record(1, "bob", "1"), record(3, "bob", ""), record(4, "ann", "2")}
	for want, rows := range map[string]map[string]string{
		"":                      {"ann": "1"},
		`row "bob" is not in`:   {"ann": "1", "bob": "1"},
		`row "ann" is 32, in`:   {"ann": "2"},
		`row "ann" of the chan`: {},
	} {
		store := memory.New().Store("s")
		var b state.Batch
		for key, value := range rows {
			b.Put([]byte(key), []byte(value))
		}
		b.SetCheckpoint(state.Checkpoint{ChangelogOffset: 4})
		require.NoError(t, store.Apply(&b))
		fault := kept(store, changelog)
		require.Contains(t, fault, want)
		require.Equal(t, want == "", fault == "")
	}
	require.Empty(t, kept(memory.New().Store("never opened"), changelog))
}

func TestAReaderMustHaveSeenTheLog(t *testing.T) {
	log := []*kgo.Record{record(0, "ann", "1"), record(2, "ann", "2")}
	see := func(records ...*kgo.Record) (seen []sight) {
		for _, r := range records {
			seen = append(seen, sightOf(r))
		}
		return seen
	}
	require.Empty(t, sameSights(see(log...), log))
	require.Contains(t, sameSights(see(log[0]), log), "has not seen offset 2")
	require.Contains(t, sameSights(see(log[0], record(1, "ann", "x"), log[1]), log), "saw offset 1")
	require.Contains(t, sameSights(see(log[0], record(2, "ann", "x")), log), "another record")
	require.Contains(t, sameSights(see(log[0], log[1], record(3, "ann", "3")), log), "saw 3 records")
}

func TestPositionsMustAgree(t *testing.T) {
	committed := func(at int64) *world {
		w := &world{logs: logs{}, ends: map[string]map[int32]int64{"t": {0: 6}}}
		w.logs.add(record(4, "ann", "1"))
		w.offsets = offsetsOf("t", at)
		return w
	}
	require.Empty(t, committed(5).position("t", 0, 5))
	require.Contains(t, committed(5).position("t", 0, 4), "the state reflects it up to 4")
	require.Contains(t, committed(3).position("t", 0, 3), "not processed further")
	require.Contains(t, committed(7).position("t", 0, 7), "it ends at 6")
	require.Contains(t, committed(-1).position("t", 0, 0), "nothing of t/0 is committed")
}

// offsetsOf are those of a group that has committed one, or none for -1.
func offsetsOf(topic string, at int64) kadm.OffsetResponses {
	if at < 0 {
		return kadm.OffsetResponses{}
	}
	return kadm.OffsetResponses{topic: {0: {Offset: kadm.Offset{Topic: topic, At: at}}}}
}
