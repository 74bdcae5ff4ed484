package structure

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	declared = regexp.MustCompile(`(?m)^func ((?:Test|Example)\w*)\(`)
	quoted   = regexp.MustCompile("(story )?`([^`]+)`")
)

// tests are the names of all tests and examples of the module.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range declared.FindAllStringSubmatch(string(text), -1) {
			names[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Each line of the README's table beside Kafka Streams names a test or a story that holds it, and that exists.
func TestTheTableBesideKafkaStreamsNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n### Beside Kafka Streams\n")
	section, _, _ = strings.Cut(section, "\n### ")
	known, lines := tests(t), 0
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| Kafka Streams |") {
			continue
		}
		lines++
		if len(cells) != 4 {
			t.Errorf("%d cells, not 4: %s", len(cells), line)
			continue
		}
		if here := strings.TrimSpace(cells[1]); here == "not yet" || here == "no" {
			continue
		}
		holds := quoted.FindAllStringSubmatch(cells[3], -1)
		if len(holds) == 0 {
			t.Errorf("names no test: %s", line)
		}
		for _, h := range holds {
			story, err := os.Stat(filepath.Join(root, "processors/testdata/stories", h[2]))
			if exists := err == nil && !story.IsDir() && h[1] != "" || h[1] == "" && known[h[2]]; !exists {
				t.Errorf("there is no %s%s: %s", h[1], h[2], line)
			}
		}
	}
	if lines < 30 {
		t.Errorf("the table has %d lines: is it still called ### Beside Kafka Streams?", lines)
	}
}
