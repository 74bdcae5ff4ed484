package engine

import (
	"github.com/abacus-stream/abacus/processors/experiment/flow"
	"github.com/abacus-stream/abacus/processors/mirror"
	"github.com/abacus-stream/abacus/topology"
)

// MirrorGroup is the app and consumer group of the mirror; that of the flow is the prefix itself.
func MirrorGroup(prefix string) string { return prefix + "-mirror" }

// Flow is the topology of both stages.
func Flow(prefix string) (*topology.Topology, error) { return flowOf(flow.Config{Prefix: prefix}) }

func flowOf(cfg flow.Config) (*topology.Topology, error) {
	var b topology.Builder
	flow.Build(&b, cfg)
	return b.Build(cfg.Prefix)
}

// Mirror is the topology that writes Redis.
func Mirror(cfg mirror.Config) (*topology.Topology, error) {
	var b topology.Builder
	mirror.Build(&b, cfg)
	return b.Build(MirrorGroup(cfg.Prefix))
}
