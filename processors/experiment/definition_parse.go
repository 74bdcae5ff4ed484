package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Parse reads one YAML document as it stands: neither Defaults nor Validate is called. Unknown fields, fields given twice
// and values of another form are faults; the error reports all of them with their lines (fields given twice first, alone).
func Parse(data []byte) (*Definition, error) {
	all, err := ParseAll(data)
	switch {
	case err != nil:
		return nil, err
	case len(all) != 1:
		return nil, fmt.Errorf("want one experiment, got %d documents", len(all))
	}
	return all[0], nil
}

// ParseAll reads the documents of a YAML stream, parted by lines of ---, each as Parse does. Empty ones are passed over;
// a stream without any is a fault. Lines count from the start of the stream.
func ParseAll(data []byte) ([]*Definition, error) {
	documents, faults := parseStream(data)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	all := make([]*Definition, len(documents))
	for i, doc := range documents {
		all[i] = doc.definition
	}
	return all, nil
}

// parseStream reads as far as it can: behind what is no YAML there is nothing to read.
func parseStream(data []byte) (all []*document, faults []error) {
	typed, plain := yaml.NewDecoder(bytes.NewReader(data)), yaml.NewDecoder(bytes.NewReader(data))
	typed.KnownFields(true)
	for {
		doc := &document{definition: new(Definition)}
		var wrongs []error
		if plain.Decode(&doc.tree) == nil {
			wrongs = checkTree(&doc.tree)
		}
		err := typed.Decode(doc.definition)
		var (
			wrong *yaml.TypeError
			clock *time.ParseError
		)
		switch {
		case errors.Is(err, io.EOF):
			if len(all) == 0 {
				faults = append(faults, errors.New("no experiment: the document is empty"))
			}
			return all, faults
		case errors.As(err, &wrong):
			wrongs = append(wrongs, tidy(wrong, &doc.tree)...)
		case errors.As(err, &clock): // checkTree has told it
		case err != nil:
			return all, append(append(faults, wrongs...), fmt.Errorf("no YAML: %w", err))
		}
		doc.wrongs, doc.whole = wrongs, clock == nil && !reflect.DeepEqual(*doc.definition, Definition{})
		faults = append(faults, wrongs...)
		if err != nil || !reflect.DeepEqual(*doc.definition, Definition{}) {
			all = append(all, doc)
		}
	}
}

var (
	unknownField = regexp.MustCompile(`field (.*) not found in type (.*)`)
	fieldTwice   = regexp.MustCompile(`mapping key (.*) already defined at line (\d+)`)
	wrongForm    = regexp.MustCompile("line (\\d+): cannot unmarshal !!\\w+(?: `(.*)`)? into (.*)")
	badValue     = regexp.MustCompile(`^line (\d+): (?:duration )?"([^"]+)": `)
)

// tidy says the decoder's faults in the words of the document.
func tidy(wrong *yaml.TypeError, tree *yaml.Node) (faults []error) {
	for _, text := range wrong.Errors {
		if part := unknownField.FindStringSubmatch(text); part != nil {
			text = unknownField.ReplaceAllLiteralString(text, fmt.Sprintf("unknown field %q%s", part[1], meant(part[1], fieldsOf(part[2])...)))
		}
		text = fieldTwice.ReplaceAllString(text, `field $1 is already given in line $2`)
		if part := wrongForm.FindStringSubmatch(text); part != nil {
			text = formFault(tree, part[1], part[2], part[3])
		} else if part := badValue.FindStringSubmatch(text); part != nil {
			head := "line " + part[1] + ": "
			text = head + fieldAt(tree, part[1], part[2]) + strings.TrimPrefix(text, head)
		}
		faults = append(faults, errors.New(text))
	}
	return faults
}

// formFault is the fault of a value that has not the form of its field; the decoder shortens long values by an ellipsis.
func formFault(tree *yaml.Node, line, value, goType string) string {
	shown := ""
	if value != "" {
		shown = " `" + value + "`"
	}
	return fmt.Sprintf("line %s: %svalue%s has the wrong form, want %s", line, fieldAt(tree, line, strings.TrimSuffix(value, "...")), shown, form(goType))
}

// fieldAt is the beginning of a fault: the path of the field whose value begins so; empty if it is not found.
func fieldAt(tree *yaml.Node, line, value string) string {
	at, err := strconv.Atoi(line)
	if path := pathAt(tree, at, value); err == nil && path != "" {
		return path + ": "
	}
	return ""
}

// form names a Go type to somebody who writes a document.
func form(goType string) string {
	switch goType {
	case "float64", "int", "int64":
		return "a number"
	case "bool":
		return "true or false"
	case "string":
		return "a text"
	case "[]float64", "[]string", "[]experiment.Metric", "[]experiment.Dimension":
		return "a list"
	}
	return "a map of fields"
}

// neverZero are fields where an explicit 0 would silently become the default.
var neverZero = []string{"grace", "dedup_for", "window", "alpha", "margin", "to"}

// times are fields whose faults would end the decoder's work without a line.
var times = []string{"start", "end"}

// checkTree finds the faults, at any depth, that the decoder does not.
func checkTree(node *yaml.Node) (faults []error) {
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 1 {
			field := node.Content[i-1].Value
			if slices.Contains(neverZero, field) && isZero(child) {
				faults = append(faults, fmt.Errorf("line %d: %s: 0 is not possible, want more, or no %s for the default", child.Line, field, field))
			}
			if slices.Contains(times, field) && !isTime(child) {
				faults = append(faults, fmt.Errorf("line %d: %s: %q is no time, want one such as 2026-11-20T00:00:00Z", child.Line, field, child.Value))
			}
		}
		faults = append(faults, checkTree(child)...)
	}
	return faults
}

func isTime(node *yaml.Node) bool {
	var at *time.Time // nil is none
	return node.Decode(&at) == nil
}

func isZero(node *yaml.Node) bool {
	var number float64
	if node.Kind != yaml.ScalarNode {
		return false
	}
	if d, err := ParseDuration(node.Value); err == nil {
		return d == 0
	}
	return node.Decode(&number) == nil && number == 0
}
