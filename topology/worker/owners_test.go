package worker

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every instance knows the owner of each partition, and where it answers.
func TestInstancesKnowTheOwners(t *testing.T) {
	c := newCluster(t)
	first, _ := c.run(Config{Workers: 1, Memory: true, Instance: "one", Advertise: "one.example:1"})
	second, stop := c.run(Config{Workers: 1, Memory: true, Instance: "two"})
	one, two := c.counts(first), c.counts(second)
	c.held(one, partitions/2)
	c.held(two, partitions/2)
	var owners []Owner
	require.Eventually(t, func() bool {
		var err error
		owners, err = one.Owners(t.Context())
		require.NoError(t, err)
		for _, o := range owners {
			if o.Instance == "" {
				return false
			}
		}
		return true
	}, 20*time.Second, 10*time.Millisecond)
	others, err := two.Owners(t.Context())
	require.NoError(t, err)
	require.Len(t, owners, partitions)
	held := map[int32]bool{}
	for _, p := range one.Held() {
		held[p] = true
	}
	for p, o := range owners {
		if held[int32(p)] {
			require.Equal(t, Owner{Instance: "one", Address: "one.example:1", Here: true}, o)
		} else {
			require.Equal(t, Owner{Instance: "two"}, o)
		}
		o.Here = !o.Here
		require.Equal(t, o, others[p])
	}
	require.NoError(t, stop())
	_, err = two.Owners(context.Background())
	require.ErrorIs(t, err, ErrNotRunning)
}

func TestAdvertiseIsAHostAndAPort(t *testing.T) {
	for address, ok := range map[string]bool{"": true, "host:80": true, "[::1]:80": true, "host": false, "host:": false} {
		cfg := Config{Brokers: []string{"b"}, Advertise: address}
		cfg.defaults("app")
		if ok {
			require.NoError(t, cfg.Validate(), address)
		} else {
			require.ErrorContains(t, cfg.Validate(), "advertised address", address)
		}
	}
}
