// Package family adjusts the p-values of tests that are decided together: a family is the primary metrics times the treatments, fixed
// when the experiment starts. Pure functions; element i of the result is element i of the input adjusted, to be held against alpha.
//
// A p that is not a number in [0, 1], such as that of a metric without units yet, counts as 1: how many tests there are must not
// depend on what is seen. Adjusted values are in [0, 1], never below the p they come from.
package family
