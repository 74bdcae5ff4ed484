// Package table shows stats records to people: experiment, variant, metric, n, rate or mean, lift, and beside it the interval, p and
// verdict that stay valid while one looks. What counts at a fixed horizon alone is shown where there is room left for it.
//
// A [Table] keeps the latest total of each experiment, and of its segments where that is asked for, and renders it for a width, with fewer columns where there is
// less of it. On a terminal a [Screen] draws the frames in place, each in one write, so that nothing flickers; where
// the output is piped, [Table.Lines] gives one plain line a comparison instead.
package table
