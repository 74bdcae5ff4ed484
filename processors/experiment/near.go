package experiment

import (
	"reflect"
	"slices"
	"strings"
)

// meant is the end of a fault: the known word that is next to the one given, if one is near enough to be meant.
func meant(word string, known ...string) string {
	best, least := "", 1+max(1, len(word)/3)
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	if best == "" || best == word {
		return ""
	}
	return ", did you mean " + best + "?"
}

// distance is the least number of letters to insert, delete, replace or swap with their neighbour that makes b of a.
func distance(a, b string) int {
	before, last, now := []int{}, make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, make([]int, len(b)+1)
	}
	return last[len(b)]
}

// fieldsOf are the fields of a document in a part of it that Go calls by this name, such as experiment.Metric.
func fieldsOf(goType string) []string { return fieldsWithin(reflect.TypeFor[Definition](), goType) }

func fieldsWithin(t reflect.Type, goType string) (names []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[Definition]().PkgPath() {
		return nil
	}
	for i := range t.NumField() {
		field := t.Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); t.String() == goType && name != "" {
			names = append(names, name)
		} else if below := fieldsWithin(field.Type, goType); below != nil {
			return below
		}
	}
	return slices.Clip(names)
}
