package replay

import (
	"time"

	"github.com/spf13/pflag"
)

// Config is what the user says about the file: the flags of abacus replay, as written.
type Config struct {
	File string // CSV, perhaps in gzip

	Experiment string   // name of the experiment
	Unit       string   // column of the unit's id, or #row: every row is a unit
	Variant    string   // column of the variant
	Control    string   // the variant that others are compared with
	Time       string   // column of the event time; empty: 2000-01-01T00:00:00Z and 1 ms a row
	Exposure   string   // condition of the rows that are exposures; empty: all
	Where      []string // conditions of the rows that are read at all; all must hold
	Metrics    []string // NAME=KIND:ARG[,option=value]...
	Weights    []string // VARIANT=weight; those not named weigh 1
	Segments   []string // COL, or COL=value[,value]...: what the experiment is looked at by

	Grace            time.Duration // at least this; never below what the file's lateness needs
	SkipBad          bool          // count bad rows and go on
	ExcludeConflicts string        // column whose values, where seen with two variants, lose all their rows

	Now int64 // Unix ms; rows more than five minutes after it are bad; 0: none are
}

// RowUnit is the unit of files without an id column: every row is one.
const RowUnit = "#row"

// Bind defines the flags of abacus replay in flags and lets them set c.
func (c *Config) Bind(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&c.Experiment, "experiment", "", "`name` of the experiment")
	flags.StringVar(&c.Unit, "unit", "", "`column` of the unit's id, or #row where every row is a unit")
	flags.StringVar(&c.Variant, "variant", "", "`column` of the variant")
	flags.StringVar(&c.Control, "control", "", "the `variant` that the others are compared with")
	flags.StringVar(&c.Time, "time", "", "`column` of the time: ISO, Unix s or ms, M/D/YYYY (default 1 ms a row)")
	flags.StringArrayVar(&c.Metrics, "metric", nil, "`NAME=KIND:ARG`[,option=value]..., KIND conversion, mean, count, quantile, ratio or share; repeatable")
	flags.StringVar(&c.Exposure, "exposure", "", "`condition` of the rows that are exposures (default all)")
	flags.StringArrayVar(&c.Where, "where", nil, "`condition` of the rows to read, col=v != < <= > >=, | between alternatives; repeatable, all must hold")
	flags.StringArrayVar(&c.Weights, "weight", nil, "`VARIANT=weight` (default 1 each); repeatable")
	flags.StringArrayVar(&c.Segments, "segment", nil, "`COL[=value,...]`: figures for each value too (default the 50 commonest), all else is other; repeatable")
	flags.DurationVar(&c.Grace, "grace", 0, "least `time` to wait for late rows (default what the file needs)")
	flags.BoolVar(&c.SkipBad, "skip-bad", false, "count bad rows and go on")
	flags.StringVar(&c.ExcludeConflicts, "exclude-conflicts", "", "`column` whose values seen with two variants lose all their rows")
}

// UsageError is a fault of a flag, or of its fit to the file's columns.
type UsageError struct {
	Flag   string // without the dashes
	Reason string
}

// Error names the flag and what is wrong with it.
func (e *UsageError) Error() string { return "--" + e.Flag + ": " + e.Reason }
