package experiment

import (
	"errors"
	"fmt"
	"strings"
)

var errWhere = errors.New(`want prop=value such as currency=EUR`)

// ParseWhere takes a condition of a metric apart: the prop of the event and the text that it must equal, which may be
// empty. A value may hold further equals signs. The empty condition has no key: it takes every event.
func ParseWhere(text string) (key, value string, err error) {
	if text == "" {
		return "", "", nil
	}
	key, value, found := strings.Cut(text, "=")
	switch {
	case !found || key == "":
		return "", "", fmt.Errorf("where %q: %w", text, errWhere)
	case strings.ContainsRune("!<>~", rune(key[len(key)-1])) || strings.HasPrefix(value, "="):
		return "", "", fmt.Errorf("where %q: only equality is available in this version: %w", text, errWhere)
	case strings.TrimSpace(key) != key || strings.TrimSpace(value) != value:
		return "", "", fmt.Errorf("where %q: no spaces around the equals sign or at the ends: %w", text, errWhere)
	}
	return key, value, nil
}
