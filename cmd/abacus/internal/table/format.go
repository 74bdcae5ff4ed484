package table

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/codecs/result"
)

// missing stands for a figure that is not available.
const missing = "–"

// Thousands writes n with commas.
func Thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return sign + b.String()
}

// Count writes n of what noun names: 1 event, 2,000 events.
func Count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Thousands(n) + " " + noun + "s"
}

// amount writes a mean: five digits where it is small, two decimals and commas where it is large.
func amount(x result.Number) string {
	v, ok := x.Float()
	if !ok {
		return missing
	}
	switch abs := math.Abs(v); {
	case abs >= 1e12 || abs > 0 && abs < 1e-4:
		return strconv.FormatFloat(v, 'e', 3, 64)
	case abs >= 1000:
		whole, fraction := math.Modf(math.Round(v*100) / 100)
		return Thousands(int64(whole)) + fmt.Sprintf("%.2f", math.Abs(fraction))[1:]
	case abs >= 10:
		return strconv.FormatFloat(v, 'f', 3, 64)
	default:
		return strconv.FormatFloat(v, 'f', 4, 64)
	}
}

// percent writes a share.
func percent(x result.Number) string {
	v, ok := x.Float()
	if !ok {
		return missing
	}
	return strconv.FormatFloat(100*v, 'f', 2, 64) + " %"
}

// signed writes a relative change.
func signed(x result.Number) string {
	v, ok := x.Float()
	if !ok {
		return missing
	}
	if text := fmt.Sprintf("%+.2f %%", 100*v); text != "-0.00 %" {
		return text
	}
	return "+0.00 %"
}

// between writes an interval; a bound that is not there is open.
func between(v result.Interval) string {
	low, okLow := v[0].Float()
	high, okHigh := v[1].Float()
	if !okLow && !okHigh {
		return missing
	}
	bound := func(x float64, ok bool, open string) string {
		if !ok {
			return fmt.Sprintf("%8s", open)
		}
		return fmt.Sprintf("%8s", signed(result.Num(x)))
	}
	return "[" + bound(low, okLow, "-∞") + ", " + bound(high, okHigh, "+∞") + "]"
}

// probability writes a p value.
func probability(x result.Number) string {
	v, ok := x.Float()
	switch {
	case !ok:
		return missing
	case v < 0.0001:
		return "<0.0001"
	default:
		return strconv.FormatFloat(v, 'f', 4, 64)
	}
}

// value writes the mean of a variant as its kind is read: a conversion's is a share. Of quantiles it is the median, or else
// the lowest.
func (r *row) value() string {
	switch r.kind {
	case "conversion":
		return percent(r.figures.Mean)
	case "quantile":
		for _, q := range append([]string{"0.5"}, slices.Sorted(maps.Keys(r.figures.Quantiles))...) {
			if x, there := r.figures.Quantiles[q]; there {
				return amount(x)
			}
		}
	}
	return amount(r.figures.Mean)
}

func (r *row) n() string {
	if r.figures.N == nil {
		return missing
	}
	return Thousands(*r.figures.N)
}

func moment(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05 UTC") }
