package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// Change is one field in which two definitions differ.
type Change struct {
	Field   string `json:"field"`   // path, such as variants.treatment or metrics.revenue.cap
	Before  string `json:"before"`  // as JSON; empty: there was none
	After   string `json:"after"`   // likewise; empty: there is none any more
	Allowed bool   `json:"allowed"` // while the experiment runs; else it needs a restart
}

// fault is the change as a reason to refuse it.
func (c Change) fault() error {
	switch {
	case c.Allowed:
		return nil
	case c.Before == "" && listed(c.Field):
		return fmt.Errorf("%s: cannot be added while the experiment runs, restart begins a new run", c.Field)
	case c.After == "" && listed(c.Field):
		return fmt.Errorf("%s: cannot be removed while the experiment runs, restart begins a new run", c.Field)
	}
	return fmt.Errorf("%s: cannot change from %s to %s while the experiment runs, restart begins a new run", c.Field, c.Was(), c.Is())
}

// Was is the value before in the words of the document.
func (c Change) Was() string { return c.word(c.Before) }

// Is is the value after in the words of the document.
func (c Change) Is() string { return c.word(c.After) }

func (c Change) word(value string) string {
	switch {
	case value == "" && c.Field == "start":
		return "its acceptance"
	case value == "":
		return "none"
	}
	return strings.Trim(value, `"`)
}

// listed says whether a field is one variant or metric of the list of them.
func listed(field string) bool {
	return (strings.HasPrefix(field, "variants.") || strings.HasPrefix(field, "metrics.")) && strings.Count(field, ".") == 1
}

// free are the parts of a definition that may change while the experiment runs: all that counts depends on the rest.
var free = []string{"traffic", "end", "windows", "retention", "decision"}

// Differences are the fields in which two definitions with their defaults differ, by path. The order of variants and
// metrics does not matter, nor does the zone of a time.
func Differences(before, after experiment.Definition) ([]Change, error) {
	old, err := flatten(before)
	if err != nil {
		return nil, err
	}
	now, err := flatten(after)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(old)
	maps.Copy(all, now)
	var changes []Change
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if old[field] == now[field] || told(field, old, now) {
			continue
		}
		head, _, _ := strings.Cut(field, ".")
		weight := head == "variants" && old[field] != "" && now[field] != ""
		part := head == "layer" && old["layer.name"] == now["layer.name"]
		changes = append(changes, Change{field, old[field], now[field], weight || part || slices.Contains(free, head)})
	}
	return changes, nil
}

// told says that another change tells of the field: of a metric that is new or gone the whole does, of one that stays its
// fields do.
func told(field string, old, now map[string]string) bool {
	parts := strings.Split(field, ".")
	if parts[0] != "metrics" {
		return false
	}
	whole := parts[0] + "." + parts[1]
	stays := old[whole] != "" && now[whole] != ""
	return stays == (field == whole)
}

var (
	definitionJSON = codecs.JSON[experiment.Definition]()
	metricJSON     = codecs.JSON[experiment.Metric]()
)

// flatten is a definition as JSON by field: variants, metrics and maps in their parts, metrics as a whole too.
func flatten(d experiment.Definition) (map[string]string, error) {
	d.Defaults()
	utc(d.Start, &d.Start)
	utc(d.End, &d.End)
	data, err := definitionJSON.Append(nil, d)
	if err != nil {
		return nil, fmt.Errorf("definition %s: %w", d.Experiment, err)
	}
	flat := map[string]string{}
	if err := spread(flat, "", data, "retention", "decision", "layer"); err != nil {
		return nil, fmt.Errorf("definition %s: %w", d.Experiment, err)
	}
	delete(flat, "variants")
	delete(flat, "metrics")
	delete(flat, "draft")
	for _, v := range d.Variants {
		flat["variants."+v.Name] = fmt.Sprint(v.Weight)
	}
	for _, m := range d.Metrics {
		data, err := metricJSON.Append(nil, m)
		if err == nil {
			flat["metrics."+m.Name] = string(data)
			err = spread(flat, "metrics."+m.Name+".", data)
		}
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", m.Name, err)
		}
	}
	return flat, nil
}

// spread adds the fields of a JSON object under a path, those named in their parts.
func spread(flat map[string]string, under string, data []byte, parts ...string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	for name, value := range fields {
		if slices.Contains(parts, name) && bytes.HasPrefix(value, []byte("{")) {
			if err := spread(flat, under+name+".", value); err != nil {
				return err
			}
			continue
		}
		flat[under+name] = string(value)
	}
	return nil
}
