package bench

import (
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
)

// A window replaces the one that its key had; its group has the sum of all windows.
func TestTotalsOfWindows(t *testing.T) {
	value := func(count, sum int64) []byte {
		v, err := tallyCodec{}.Append(nil, tally{count, sum})
		require.NoError(t, err)
		return v
	}
	ours := func(group string, start int64) []byte {
		k, err := processors.WindowedCodec[string]{Key: codecs.String}.Append(nil, processors.Windowed[string]{Key: group, Start: start, End: start + 10_000})
		require.NoError(t, err)
		return k
	}
	theirs := func(group string, start int64) []byte {
		return binary.BigEndian.AppendUint64([]byte(group), uint64(start))
	}
	for name, c := range map[string]struct {
		read reader
		key  func(group string, start int64) []byte
	}{"ours": {windowOf, ours}, "Kafka Streams": {streamsWindowOf, theirs}} {
		totals := totals{latest: map[string]total{}, groups: map[string]total{}}
		for _, r := range []struct {
			key, value []byte
			group      string
			want       total
		}{
			{c.key("x|A", 0), value(3, 300), "x|A", total{3, 300}},
			{c.key("x|B", 0), value(1, 50), "x|B", total{1, 50}},
			{c.key("x|A", 10_000), value(1, 100), "x|A", total{4, 400}},
			{c.key("x|A", 0), value(5, 700), "x|A", total{6, 800}},
		} {
			group, now, err := c.read(&kgo.Record{Key: r.key, Value: r.value})
			require.NoError(t, err, name)
			require.Equal(t, r.group, group, name)
			require.Equal(t, r.want, totals.take(group, string(r.key), now), name)
		}
		require.Equal(t, total{7, 850}, totals.all, name)
		_, _, err := c.read(&kgo.Record{Key: c.key("x|A", 0), Value: []byte("short")})
		require.Error(t, err, name)
	}
}

func TestSampleOfAProcess(t *testing.T) {
	before, err := sampleOf(os.Getpid())
	require.NoError(t, err)
	for now, begin := before, time.Now(); now.cpu == before.cpu; { // until a hundredth of a second is used
		require.Less(t, time.Since(begin), time.Minute)
		now, err = sampleOf(os.Getpid())
		require.NoError(t, err)
	}
}

// Every record is counted, or said to be dropped.
func TestWatchedChecks(t *testing.T) {
	s := &stage{workload: tagged(10)}
	require.NoError(t, watched{counted: 10}.check(s, usage{}))
	require.NoError(t, watched{counted: 7}.check(s, usage{Dropped: 3}))
	require.Error(t, watched{counted: 7}.check(s, usage{}))
	require.Error(t, watched{counted: 11}.check(s, usage{}))
}
