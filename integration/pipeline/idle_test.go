package pipeline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
	"github.com/abacus-stream/abacus/topology/worker"
)

const shortWindows = `
experiment: button
variants: {control: 50, treatment: 50}
control: control
start: 2025-12-01T00:00:00Z
windows: [1s, 5s]
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 1h}
`

// Three of four tasks never hear anything, the fourth falls silent. Without any further event the
// watermark passes the end of the last windows, and their records are closed.
func TestOnQuietInputTheLastWindowsClose(t *testing.T) {
	onEach(t, func(t *testing.T, k kafka) {
		p := k.pipeline(t, setup{})
		p.register(shortWindows)
		now := time.Now().UnixMilli()
		ts := now - now%5000 - 1 // the last ms of a window: it has only grace to wait for
		unit := p.unitIn(2, 0)
		x := p.start(worker.Config{Workers: 2, IdleAfter: 200 * time.Millisecond})
		p.send(exposure("e1", unit, "button", "treatment", ts-1500), purchase("e2", unit, "3.50", ts))
		p.settle()
		require.False(t, p.total("button").Closed, "closed before its time")
		eventually(t, "the windows close", func() bool { return p.allClosed(p.last(p.stats())) })
		require.NoError(t, x.stop())
		last := p.last(p.stats())
		require.Empty(t, p.verifier(verify.Input{IdleAfter: 200}).CompareStats(last))
		require.Len(t, last, 4, "two seconds, one window of five, the total")
		require.Contains(t, last, result.WindowKey("button", "5s", ts-4999))
		require.Equal(t, ts+4001, p.total("button").AsOf, "the pane in which the unit counted by first-seen arm")
	})
}
