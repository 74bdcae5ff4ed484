package mirror_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/topology/topologytest"
)

// story is records and, by nil, the tombstone of the one before the last.
func story(h *harness, then func(at int)) {
	records := []*result.Record{
		total("e", 1), window("e", "60s", 1, 1), total("f", 1), window("e", "60s", 2, 2), total("e", 2), window("e", "60s", 1, 3),
		nil, total("f", 2), nil, window("f", "60s", 1, 1),
	}
	for i, rec := range records {
		switch {
		case rec != nil:
			h.put(rec)
		case i == 6:
			h.raw(window("e", "60s", 2, 0).Key(), nil)
		default:
			h.raw("f|total", nil)
		}
		then(i)
	}
	h.d.Run()
}

// Whatever happens behind whichever record, Redis ends up the same.
func TestRestartsAndCrashesAtEachRecord(t *testing.T) {
	plain := start(t)
	story(plain, func(int) { plain.d.Run() })
	want := plain.dump()
	require.Len(t, want, 5)
	for name, disturb := range map[string]func(*topologytest.Driver){
		"restart": (*topologytest.Driver).Restart, "wipe": (*topologytest.Driver).Wipe,
		"flushed": crash(topologytest.AfterFlush), "produced": crash(topologytest.AfterProduce), "offered": crash(topologytest.AfterOffsets),
		"ended": crash(topologytest.AfterEndTxn), "applied": crash(topologytest.AfterBatch),
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t)
			story(h, func(int) {
				disturb(h.d)
				h.d.Run()
			})
			require.Equal(t, want, h.dump())
		})
	}
}

func crash(at topologytest.Step) func(*topologytest.Driver) {
	return func(d *topologytest.Driver) {
		for d.Step() {
		}
		d.CrashAt(at)
		d.Commit()
	}
}

// What is written before the mirror's own commit fails was committed by its producer: it stays.
func TestTheWriteBeforeAnAbortedCommitIsOfCommittedRecords(t *testing.T) {
	h := start(t)
	h.run(total("e", 1))
	h.put(total("e", 2))
	crash(topologytest.AfterOffsets)(h.d)
	h.shows("ab:stats:{e}", total("e", 2), 1)
	h.d.Run()
	h.shows("ab:stats:{e}", total("e", 2), 1)
	require.Zero(t, h.d.Counter("redis_hashes"), "the replay changes nothing")
}

func TestARestartWritesNothingThatIsThere(t *testing.T) {
	h := start(t)
	h.run(total("e", 1), window("e", "60s", 1, 1), total("f", 1))
	h.raw("f|total", nil)
	h.run()
	want := h.dump()
	h.d.Restart()
	h.d.Advance(2 * time.Second)
	require.Zero(t, h.d.Counter("redis_hashes"))
	require.Zero(t, h.d.Counter("redis_lost"))
	require.Equal(t, want, h.dump())
}

// While the mirror is down Redis is emptied: there is no token to compare.
func TestRedisIsEmptiedBeforeTheStart(t *testing.T) {
	h := start(t)
	h.run(total("e", 1), window("e", "60s", 1, 1))
	want := h.dump()
	h.redis.FlushAll()
	h.d.Restart()
	h.d.Run()
	require.Equal(t, want, h.dump())
}
