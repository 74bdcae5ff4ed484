package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Read reads the documents of a YAML stream as ParseAll does and validates them. The error reports every fault of each
// document with its line and field, in their order; of a part whose form is wrong those of its form alone. What could be read
// is returned beside it.
func Read(data []byte) ([]*Definition, error) {
	documents, faults := parseStream(data)
	var all []*Definition
	for _, doc := range documents {
		faults = append(faults, doc.validate()...)
		all = append(all, doc.definition)
	}
	slices.SortStableFunc(faults, func(a, b error) int { return cmp.Compare(lineIn(a), lineIn(b)) })
	return all, errors.Join(faults...)
}

// lineIn is the line that a fault begins with; 0 if it names none.
func lineIn(fault error) (line int) {
	_, _ = fmt.Sscanf(fault.Error(), "line %d:", &line) // without one it stays 0
	return line
}

// document is one definition with the text that it was read from.
type document struct {
	definition *Definition
	tree       yaml.Node
	wrongs     []error // faults of its form
	whole      bool    // it was read to its end
}

// validate gives the faults of the definition with the lines of their fields, but for those that may follow from one of form.
func (d *document) validate() (all []error) {
	if !d.whole {
		return nil
	}
	for _, err := range d.definition.faults() {
		var f *fault
		if errors.As(err, &f) {
			if d.follows(f.path) {
				continue
			}
			err = fmt.Errorf("line %d: %w", lineOf(&d.tree, f.path), err)
		}
		all = append(all, err)
	}
	return all
}

// follows says whether a fault of a field may be the consequence of one of form: in the same part of the document, of a
// field that was misspelt, or of the variants that control names.
func (d *document) follows(path string) bool {
	top, _, _ := strings.Cut(path, ".")
	from, to := partOf(&d.tree, lineOf(&d.tree, path))
	for _, wrong := range d.wrongs {
		line := lineIn(wrong)
		if line >= from && line < to || strings.HasSuffix(wrong.Error(), "did you mean "+top+"?") {
			return true
		}
	}
	return top == "control" && d.follows("variants")
}

// partOf is from where to where the part goes that a line is in: a field of the document, or an item of a list there.
func partOf(tree *yaml.Node, line int) (from, to int) {
	to = math.MaxInt
	bound := func(at int) {
		if at <= line {
			from = max(from, at)
		} else {
			to = min(to, at)
		}
	}
	for _, root := range tree.Content {
		for i := 0; i+1 < len(root.Content); i += 2 {
			bound(root.Content[i].Line)
			for _, item := range root.Content[i+1].Content {
				if root.Content[i+1].Kind == yaml.SequenceNode {
					bound(item.Line)
				}
			}
		}
	}
	return from, to
}

// lineOf is the line of the field with a path such as metrics.revenue.cap; where it is missing, of what it is missing in.
func lineOf(node *yaml.Node, path string) int {
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	line := max(node.Line, 1)
	for path != "" {
		key, value, rest := step(node, path)
		if key == nil {
			return line
		}
		line, node, path = key.Line, value, rest
	}
	return line
}

// step goes from a node to what the path names next: a key with its value, or an item of a list by its name or place. Names
// may hold points, so the path is cut by what there is.
func step(node *yaml.Node, path string) (key, value *yaml.Node, rest string) {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if rest, found := cutName(path, node.Content[i].Value); found {
				return node.Content[i], node.Content[i+1], rest
			}
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			if rest, found := cutName(path, metricPath(nameOf(item), i)); found {
				return item, item, rest
			}
		}
		for i, item := range node.Content {
			if rest, found := cutName(path, metricPath("", i)); found {
				return item, item, rest
			}
		}
	}
	return nil, nil, ""
}

func cutName(path, name string) (rest string, found bool) {
	if path == name {
		return "", true
	}
	rest, found = strings.CutPrefix(path, name+".")
	return rest, found && name != ""
}

// nameOf is the name that an item of a list gives itself.
func nameOf(item *yaml.Node) string {
	for i := 0; i+1 < len(item.Content); i += 2 {
		if item.Kind == yaml.MappingNode && item.Content[i].Value == "name" {
			return item.Content[i+1].Value
		}
	}
	return ""
}

// pathAt is the path of the field whose value stands in a line and begins with text; empty if there is none.
func pathAt(node *yaml.Node, line int, text string) string {
	for i, child := range node.Content {
		name := ""
		switch node.Kind {
		case yaml.MappingNode:
			if i%2 == 0 {
				continue
			}
			name = node.Content[i-1].Value
		case yaml.SequenceNode:
			name = metricPath(nameOf(child), i)
		}
		if child.Line == line && name != "" && (text == "" && child.Kind != yaml.ScalarNode || text != "" && strings.HasPrefix(child.Value, text)) {
			return name
		}
		if below := pathAt(child, line, text); below != "" {
			return strings.TrimPrefix(name+"."+below, ".")
		}
	}
	return ""
}
