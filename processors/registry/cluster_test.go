package registry_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/registry"
)

// cluster starts a broker in this process.
func cluster(t *testing.T) registry.Config {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return registry.Config{Brokers: c.ListenAddrs(), Prefix: "shop", Now: func() int64 { return time.Now().UnixMilli() }}
}

// host runs the processor until the function is called, or the test ends.
func host(t *testing.T, cfg registry.Config) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- registry.Run(ctx, cfg) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(t, <-done)
	}
	t.Cleanup(stop)
	return stop
}

// view runs a view until the test ends.
func view(t *testing.T, cfg registry.Config) *registry.View {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	v, err := registry.NewView(ctx, cfg)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	select {
	case <-v.Ready():
	case <-time.After(20 * time.Second):
		t.Fatal("the view is not ready")
	}
	return v
}

func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

const button = `
experiment: button
variants: {control: 50, treatment: 50}
control: control
metrics:
  - {name: purchase, kind: conversion, event: purchase, window: 1h}
  - {name: revenue, kind: mean, event: purchase, window: 1h, decimals: 2}
`

func parse(t testing.TB, text string) *experiment.Definition {
	t.Helper()
	d, err := experiment.Parse([]byte(text))
	require.NoError(t, err)
	return d
}
