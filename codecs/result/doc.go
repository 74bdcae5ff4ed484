// Package result is the stats record: what the engine publishes about one experiment, as a whole or in one window,
// and what dashboards, sinks and scripts read.
//
// A [Record] is either the total of an experiment (Grain is [Total], with comparisons and the split check) or one
// window (Start and End set, increments only). One record holds all variants, so a reader never mixes two states of
// an experiment. [Codec] writes it as JSON that depends on nothing but the record: map keys sorted, floats in their
// shortest form that reads back equal, no time of writing. A figure that is not available is null, never NaN, and a
// reason beside it says why. Keys of the topic come from [TotalKey], [SegmentKey] and [WindowKey].
package result
