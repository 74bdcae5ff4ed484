package experiment_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/abacus-stream/abacus/processors/experiment"
)

const small = "experiment: a\nvariants: {b: 1, c: 1}\ncontrol: b\n"

func TestValidateNamesFieldAndRemedy(t *testing.T) {
	metric := func(text string) string { return small + "metrics: [{" + text + "}]" }
	with := func(text string) string {
		return small + "metrics: [{name: m, kind: mean, event: e}]\n" + text
	}
	for name, c := range map[string]struct{ text, fault string }{
		"name":              {strings.Replace(with(""), "experiment: a", "experiment: A_b", 1), `experiment: "A_b" is no name`},
		"one variant":       {strings.Replace(with(""), "b: 1, c: 1", "b: 1", 1), "variants: want at least 2"},
		"variant name":      {strings.Replace(with(""), "c: 1", "'c%d|': 1", 1), `variants.c%d|: "c%d|" is no name`},
		"negative weight":   {strings.Replace(with(""), "c: 1", "c: -1", 1), "variants.c: weight -1, want 0 or more"},
		"no number":         {strings.Replace(with(""), "c: 1", "c: .nan", 1), "variants.c: weight NaN"},
		"no weight":         {strings.Replace(with(""), "b: 1, c: 1", "b: 0, c: 0", 1), "variants: all weights are 0"},
		"control":           {strings.Replace(with(""), "control: b", "control: d", 1), `control: "d" is none of the variants`},
		"no control":        {strings.Replace(with(""), "control: b", "", 1), "control: is missing"},
		"unit":              {with("unit: session"), `unit: "session" is unknown, want user or event`},
		"randomised":        {with("randomised_by: event"), "randomised_by: is for unit: event only"},
		"traffic":           {with("traffic: 2"), "traffic: 2 is no share, want 0 to 1"},
		"end":               {with("start: 2026-01-02\nend: 2026-01-02"), "end: is not after start"},
		"too early":         {with("start: 1999-12-31"), "start: is before 2000-01-01"},
		"grace":             {with("grace: unlimited"), "grace: cannot be unlimited"},
		"sliding":           {with("windows: [sliding 5s]"), `windows: "sliding 5s" is unknown, want some of 1s, 5s, 60s, sliding 60s`},
		"window":            {with("windows: [2s]"), `windows: "2s" is unknown, want some of 1s, 5s, 60s`},
		"window twice":      {with("windows: [1s, 1s]"), `windows: "1s" is given twice`},
		"retention":         {with("retention: {2s: 1h}"), "retention.2s: is no window"},
		"short retention":   {with("retention: {60s: 1s}"), "retention.60s: 1s is shorter than the window"},
		"alpha":             {with("decision: {alpha: 0.6}"), "decision.alpha: 0.6 is no level"},
		"units":             {with("decision: {planned_units: -1}"), "decision.planned_units: is negative"},
		"correction":        {with("decision: {correction: magic}"), `decision.correction: "magic" is unknown, want holm or none`},
		"no metric":         {small, "metrics: want at least one"},
		"metric name":       {metric("name: M, kind: mean, event: e"), `metrics.0.name: "M" is no name`},
		"no event":          {metric("name: m, kind: mean"), "metrics.m.event: is missing"},
		"reserved event":    {metric("name: m, kind: mean, event: exposure"), `metrics.m.event: "exposure" is reserved`},
		"no kind":           {metric("name: m, event: e"), "metrics.m.kind: is missing"},
		"kind":              {metric("name: m, kind: sum, event: e"), `metrics.m.kind: "sum" is unknown, want conversion or count or mean`},
		"ratio":             {metric("name: m, kind: ratio, numerator: m"), "metrics.m.numerator: \"m\" is of kind ratio, want conversion, count or mean\nmetrics.m.denominator: is missing"},
		"no part":           {metric("name: e, kind: count, event: e},{name: m, kind: ratio, numerator: e, denominator: n"), `metrics.m.denominator: "n" is no metric of this experiment`},
		"same parts":        {metric("name: e, kind: count, event: e},{name: m, kind: ratio, numerator: e, denominator: e"), `metrics.m.denominator: "e" is the numerator too`},
		"other window":      {metric("name: e, kind: count, event: e},{name: f, kind: count, event: e, window: 1d},{name: m, kind: ratio, numerator: e, denominator: f"), `metrics.m.denominator: "f" has the window 1d, want 7d`},
		"other delay":       {metric("name: e, kind: count, event: e},{name: f, kind: count, event: e, delay: 1s},{name: m, kind: ratio, numerator: e, denominator: f"), `metrics.m.denominator: "f" has the delay 1s, want 0s`},
		"event of ratio":    {metric("name: e, kind: count, event: e},{name: f, kind: count, event: e},{name: m, kind: ratio, event: e, numerator: e, denominator: f"), "metrics.m.event: is not for kind ratio"},
		"cap of ratio":      {metric("name: e, kind: count, event: e},{name: f, kind: count, event: e},{name: m, kind: ratio, cap: 1, numerator: e, denominator: f"), "metrics.m.cap: is for kinds count, mean and last only, leave it out: a ratio has the caps of its parts"},
		"parts of a mean":   {metric("name: m, kind: mean, event: e, numerator: m"), "metrics.m.numerator: and denominator are for kind ratio only"},
		"long period":       {metric("name: m, kind: mean, event: e, covariate: {period: unlimited}"), "metrics.m.covariate.period: cannot be unlimited"},
		"two covariates":    {metric("name: m, kind: mean, event: e, covariate: {prop: p, period: 1d}"), "metrics.m.covariate.prop: is instead of event, where and period"},
		"its decimals":      {metric("name: m, kind: mean, event: e, covariate: {decimals: 1}"), "metrics.m.covariate.decimals: is for prop only"},
		"fine covariate":    {metric("name: m, kind: mean, event: e, covariate: {prop: p, decimals: 10}"), "metrics.m.covariate.decimals: 10, want 0 to 9"},
		"its event":         {metric("name: m, kind: mean, event: e, covariate: {event: exposure}"), `metrics.m.covariate.event: "exposure" is reserved`},
		"its where":         {metric("name: m, kind: mean, event: e, covariate: {where: EUR}"), `metrics.m.covariate.where: where "EUR": want prop=value`},
		"last before":       {metric("name: m, kind: last, event: e, covariate: {period: 1d}"), "metrics.m.covariate: is for kinds conversion, count, mean and ratio only"},
		"events before":     {"unit: event\n" + metric("name: m, kind: mean, event: e, covariate: {period: 1d}"), "metrics.m.covariate: is for experiments on units"},
		"ratio before":      {metric("name: e, kind: count, event: e},{name: f, kind: count, event: e},{name: m, kind: ratio, numerator: e, denominator: f, covariate: {event: e}"), "metrics.m.covariate.event: and where are not for kind ratio"},
		"delay":             {metric("name: m, kind: mean, event: e, delay: unlimited"), "metrics.m.delay: cannot be unlimited"},
		"where":             {metric("name: m, kind: mean, event: e, where: EUR"), `metrics.m.where: where "EUR": want prop=value`},
		"decimals":          {metric("name: m, kind: mean, event: e, decimals: 10"), "metrics.m.decimals: 10, want 0 to 9"},
		"decimals of count": {metric("name: m, kind: count, event: e, decimals: 1"), "metrics.m.decimals: is for kinds mean, quantile and last only"},
		"huge cap":          {metric("name: m, kind: mean, event: e, cap: 1e10"), "metrics.m.cap: 1e10 is beyond 2^53 at 6 decimals"},
		"fine cap":          {metric("name: m, kind: mean, event: e, decimals: 1, cap: 0.25"), "metrics.m.cap: 0.25 has more than 1 decimals"},
		"no cap":            {metric("name: m, kind: mean, event: e, cap: 0"), "metrics.m.cap: 0, want more than 0"},
		"cap of conversion": {metric("name: m, kind: conversion, event: e, cap: 1"), "metrics.m.cap: is for kinds count, mean and last only"},
		"goal":              {metric("name: m, kind: mean, event: e, goal: up"), `metrics.m.goal: "up" is unknown`},
		"dimension twice":   {with("segments: [{name: a, values: [b]}, {name: a, values: [b]}]"), `segments.a.name: "a" is given twice`},
		"dimension name":    {with("segments: [{name: A=, values: [b]}]"), `segments.0.name: "A=" is no name`},
		"no values":         {with("segments: [{name: a}]"), "segments.a.values: want at least one"},
		"value twice":       {with("segments: [{name: a, values: [b, c, b]}]"), `segments.a.values: "b" is given twice`},
		"other":             {with("segments: [{name: a, values: [other]}]"), `segments.a.values: "other" is no value`},
		"value of lines":    {with(`segments: [{name: a, values: ["b\nc"]}]`), `segments.a.values: "b\nc" is no value`},
		"holdout":           {with("holdout: {name: h, share: 1}"), "holdout.share: 1, want more than 0, less than 1"},
		"holdout name":      {with("holdout: {share: 0.1}"), `holdout.name: "" is no name`},
		"excluded":          {with(`exclude: {units: [a, ""]}`), `exclude.units.1: "" is no unit`},
		"harm":              {metric("name: m, kind: mean, event: e, on_harm: stop"), "metrics.m.on_harm: needs guardrail: true"},
		"harm of events":    {"unit: event\n" + metric("name: m, kind: mean, event: e, guardrail: true, on_harm: stop"), "metrics.m.on_harm: cannot be stop"},
		"margin":            {metric("name: m, kind: mean, event: e, margin: -1"), "metrics.m.margin: -1, want 0 or more"},
		"same names":        {metric("name: m, kind: mean, event: e},{name: m, kind: mean, event: e"), `metrics.1.name: "m" is given twice`},
		"no quantile":       {metric("name: m, kind: quantile, event: e, quantiles: [0.5, 1]"), "metrics.m.quantiles: 1, want more than 0, less than 1"},
		"quantile twice":    {metric("name: m, kind: quantile, event: e, quantiles: [0.5, 0.5]"), "metrics.m.quantiles: 0.5 is given twice"},
		"quantiles of":      {metric("name: m, kind: quantile, event: e, of: user"), `metrics.m.of: "user" is unknown, want event or unit`},
		"primary quantile":  {metric("name: m, kind: quantile, event: e, primary: true"), "metrics.m.primary: is not for kind quantile"},
		"guarding quantile": {metric("name: m, kind: quantile, event: e, guardrail: true"), "metrics.m.guardrail: is not for kind quantile"},
		"capped quantile":   {metric("name: m, kind: quantile, event: e, cap: 3"), "metrics.m.cap: is for kinds count, mean and last only"},
		"of events":         {"unit: event\n" + metric("name: m, kind: quantile, event: e, of: unit"), "metrics.m.of: unit is for experiments on units"},
		"last of events":    {"unit: event\n" + metric("name: m, kind: last, event: e"), "metrics.m.kind: last is for experiments on units"},
		"of other kinds":    {metric("name: m, kind: mean, event: e, quantiles: [0.5], numerator: x"), "metrics.m.quantiles: is for kind quantile only"},
	} {
		t.Run(name, func(t *testing.T) {
			err := parse(t, c.text).Validate()
			require.ErrorContains(t, err, c.fault)
			if name != "of other kinds" && name != "ratio" && name != "no number" {
				require.NotContains(t, err.Error(), "\n", "one fault alone")
			}
		})
	}
}

func TestValidateReportsEveryFaultAtOnce(t *testing.T) {
	err := parse(t, "experiment: A\nvariants: {b: 1}\nmetrics: [{name: m, kind: last}, {name: n, kind: mean}]").Validate()
	require.Len(t, strings.Split(err.Error(), "\n"), 5, "%v", err)
}

func TestValidateBounds(t *testing.T) {
	d := parse(t, small+"metrics: [{name: m, kind: mean, event: e}]")
	d.Variants = nil
	for i := range 16 {
		d.Variants = append(d.Variants, experiment.Variant{Name: fmt.Sprint("b", i), Weight: float64(i)})
	}
	d.Control = "b0"
	d.Metrics = nil
	for i := range 64 {
		d.Metrics = append(d.Metrics, experiment.Metric{Name: fmt.Sprint("m", i), Kind: "count", Event: "e", Primary: true})
	}
	few := *d
	few.Variants = d.Variants[:2]
	require.NoError(t, few.Validate(), "64 metrics of 2 variants")
	few.Variants, few.Metrics = d.Variants, d.Metrics[:8]
	require.NoError(t, few.Validate(), "8 metrics of 16 variants")
	require.ErrorContains(t, d.Validate(), "metrics: 64 of 16 variants make records of up to ")
	d.Variants = append(d.Variants, experiment.Variant{Name: "one", Weight: 1})
	d.Metrics = append(d.Metrics, experiment.Metric{Name: "one", Kind: "count", Event: "e"})
	require.ErrorContains(t, d.Validate(), "variants: 17 are too many, want at most 16\nmetrics: 65 are too many, want at most 64")
	d.Variants, d.Metrics = d.Variants[:2], d.Metrics[:1]
	d.Variants[0].Weight, d.Variants[1].Weight = math.MaxFloat64, math.MaxFloat64
	require.EqualError(t, d.Validate(), "variants: the weights have no finite sum, want smaller ones")
}
