package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// An instance answers for partitions of others from its standbys, and a read that is answered has all that was committed
// as long ago as its bound.
func TestStandbysAnswerWithinABound(t *testing.T) {
	c := newCluster(t)
	c.run(Config{Workers: 1, Memory: true, Standbys: 1})
	two, _ := c.run(Config{Workers: 1, StateDir: t.TempDir(), Standbys: 1})
	c.held(c.counts(two), partitions/2)
	const bound = 1500 * time.Millisecond
	type commit struct {
		at    time.Time
		total int64
	}
	var commits []commit
	stale, answered := c.counts(two).Stale(bound), 0
	for i := range 60 {
		c.words(i*20, 20, 8)
		c.eventually(int64(i+1) * 20)
		commits = append(commits, commit{time.Now(), int64(i+1) * 20})
		asked, total, err := time.Now(), int64(0), error(nil)
		for w := range 8 {
			value, ok, failed := stale.Get(t.Context(), fmt.Appendf(nil, "w%d", w))
			if err = errors.Join(err, failed); ok {
				total += int64(binary.BigEndian.Uint64(value))
			}
		}
		if err != nil {
			require.ErrorIs(t, err, ErrNotHeld)
			continue
		}
		answered++
		for _, before := range commits {
			if asked.Sub(before.at) > bound {
				require.GreaterOrEqual(t, total, before.total, "committed %s before", asked.Sub(before.at))
			}
		}
	}
	require.Positive(t, answered)
	require.Equal(t, []int32{0, 1, 2, 3}, stale.Held())
	require.Eventually(t, func() bool {
		for _, err := range stale.Range(t.Context(), Span{}) {
			if err != nil {
				return false
			}
		}
		return sum(countsIn(t, stale, Span{})) == 1200
	}, 10*time.Second, 50*time.Millisecond)
	_, _, err := c.counts(two).GetIn(t.Context(), others(c.counts(two))[0], []byte("w0"))
	require.ErrorIs(t, err, ErrNotHeld, "standbys answer only those who take them")
}

// others are the partitions that a store's instance has not.
func others(s *Store) (partition []int32) {
	held := map[int32]bool{}
	for _, p := range s.Held() {
		held[p] = true
	}
	for p := range int32(partitions) {
		if !held[p] {
			partition = append(partition, p)
		}
	}
	return partition
}

// A standby that does not come along says so rather than show what is too old.
func TestAStandbyThatLagsDoesNotAnswer(t *testing.T) {
	c := newCluster(t)
	stalled := stalls{until: make(chan struct{})}
	goOn := sync.OnceFunc(func() { close(stalled.until) })
	c.words(0, 400, 40)
	c.run(Config{Workers: 1, Memory: true, Standbys: 1})
	c.eventually(400)
	two, _ := c.run(Config{Workers: 1, Memory: true, Standbys: 1, Hooks: Hooks{Client: func(name string) []kgo.Hook {
		if name == "app-standby" {
			return []kgo.Hook{stalled}
		}
		return nil
	}}})
	t.Cleanup(goOn)
	c.held(c.counts(two), partitions/2)
	stale := c.counts(two).Stale(time.Minute)
	partition := others(c.counts(two))[0]
	require.Eventually(t, func() bool {
		_, _, err := stale.GetIn(t.Context(), partition, []byte("w0"))
		return errors.Is(err, ErrNotHeld) && containsText(err.Error(), "yet to come up to the log")
	}, 10*time.Second, 10*time.Millisecond)
	goOn()
	require.Eventually(t, func() bool {
		_, _, err := stale.GetIn(t.Context(), partition, []byte("w0"))
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	_, _, err := stale.Stale(time.Nanosecond).GetIn(t.Context(), partition, []byte("w0"))
	require.ErrorIs(t, err, ErrNotHeld)
	require.ErrorContains(t, err, "1ns are allowed")
}
