// Package calibration simulates experiments with fixed seeds and measures what the statistics promise: false positives of every
// always-valid method while it is looked at 2,000 times, coverage of the intervals at a fixed horizon, and power beside one look at
// the end. make calibration prints the tables that the README quotes, and fails where chance makes so many false positives of the
// level in less than one simulation of a thousand. A reduced version, seconds long, runs with all tests: it finds gross faults only.
//
//	unit_test.go       what one unit does: conversion, heavy-tailed revenue, clicks of visits, its past
//	scenario_test.go   who comes to which arm, and what is true
//	arm_test.go        the sums of one arm
//	method_test.go     the methods, each a log e-value against the truth
//	simulate_test.go   runs in parallel, and the rates
//	split_test.go      the split check, whose level takes more runs
//	coverage_test.go   intervals at a fixed horizon
//	power_test.go      discoveries of a true effect
//	closes_test.go     the engine's own watch, close by close: guardrails, and p that never rises
package calibration
