package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// A restore that takes long says every few seconds how many records it has replayed, how fast, and what remains.
func TestALongRestoreTellsHowItComesAlong(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	p := newRestoring(zap.New(core), at(1, 2), start)
	for second := range 12 {
		p.add("counted", 100, int64(5000-100*(second+1)), start.Add(time.Duration(second+1)*time.Second))
	}
	p.end(start.Add(15 * time.Second))
	told := logs.All()
	require.Len(t, told, 3)
	require.Equal(t, map[string]any{"task": "1_2", "store": "counted", "records": int64(1000), "per second": int64(100), "remaining": int64(4000)}, told[1].ContextMap())
	require.Equal(t, map[string]any{"task": "1_2", "records": int64(1200), "per second": int64(80), "took": 15 * time.Second}, told[2].ContextMap())
}

func TestARestoreOfNothingIsNotTold(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	p := newRestoring(zap.New(core), at(1, 2), start)
	p.end(start)
	require.Empty(t, logs.All())
}
