// Package broker holds the worker against a real Apache Kafka: what an
// in-process stand-in cannot show, as markers written after the answer, stable
// offsets that wait for them, and brokers and processes that are killed.
// Everything is in its tests; they start the broker themselves.
package broker
