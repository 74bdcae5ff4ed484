package registry_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/registry"
)

func TestTiming(t *testing.T) {
	for range 5 {
		cfg := cluster(t)
		begun := time.Now()
		stop := host(t, cfg)
		_, err := registry.Apply(limit(t), cfg, parse(t, button))
		require.NoError(t, err)
		fmt.Fprintf(os.Stderr, "applied %v after the start of the processor\n", time.Since(begun))
		begun = time.Now()
		stop()
		fmt.Fprintf(os.Stderr, "stopped in %v\n", time.Since(begun))
	}
	cfg := cluster(t)
	stop := host(t, cfg)
	_, err := registry.Apply(limit(t), cfg, parse(t, button))
	require.NoError(t, err)
	host(t, cfg)
	for i := range 6 {
		begun := time.Now()
		d := parse(t, button)
		d.Variants[0].Weight = float64(i)
		_, err = registry.Apply(limit(t), cfg, d)
		require.NoError(t, err)
		fmt.Fprintf(os.Stderr, "second joined: %v\n", time.Since(begun))
	}
	stop()
	d := parse(t, button)
	d.Variants[0].Weight = 99
	begun := time.Now()
	_, err = registry.Apply(limit(t), cfg, d)
	require.NoError(t, err)
	fmt.Fprintf(os.Stderr, "first left: %v\n", time.Since(begun))
}
