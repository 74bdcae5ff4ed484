package flow

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/topology/topologytest"
)

// Case 1 where tasks are idle: stream time follows the wall clock, and verify the schedule that says so.

// patient begins a story in which five seconds of quiet make a task idle.
func patient(t *testing.T, defs ...string) *story {
	s := &story{Driver: driver(t, topologytest.Config{Tasks: 1}), t: t, tasks: 1}
	s.base = s.Wall()
	for _, def := range defs {
		s.adopt(def)
	}
	return s
}

func TestCase01_WhatAnIdleTaskDecidesVerifyFollows(t *testing.T) {
	s := patient(t, shop)
	s.bought("p1", "u1", "1", 0)
	s.exposed("x2", "u2", "B", 0)
	s.event("u3", `{"id":"y","type":"exposure","unit":"u3","experiment":"ghost","variant":"A","ts":@0}`)
	s.bought("p2", "u2", "2", 1)
	s.Advance(20 * time.Second) // the end of the pane, and grace
	s.exposed("x1", "u1", "A", 0)
	s.want("shop", "bought A 1 0 matured 0 0", "bought B 1 1 matured 0 0", "spent A 1 0.00 matured 0 0.00", "spent B 1 2.00 matured 0 0.00", "no_exposure 1")
	s.wantDead("unknown_experiment 0/2")
	s.Wipe()
	s.Advance(80 * time.Second) // both mature
	s.bought("p3", "u2", "4", 2)
	s.want("shop", "bought A 1 0 matured 1 0", "bought B 1 1 matured 1 1", "spent A 1 0.00 matured 1 0.00", "spent B 1 6.00 matured 1 2.00", "no_exposure 1", "corrections 1")
	s.agrees()
}

func TestCase14_AnExperimentThatAppearsBeforeAnIdleTaskGivesUp(t *testing.T) {
	s := patient(t)
	s.exposed("x1", "u1", "A", 0)
	s.Advance(3 * time.Second)
	s.adopt(shop)
	s.Advance(100 * time.Second)
	s.bought("p1", "u1", "1", 1)
	s.want("shop", "bought A 1 1 matured 1 0", "spent A 1 1.00 matured 1 0.00", "corrections 2")
	require.Empty(t, s.Records("abacus.dlq"))
	s.agrees()
}
