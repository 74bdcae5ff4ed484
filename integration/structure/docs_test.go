package structure

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	longestFile  = 400 // lines
	widestBudget = 25  // exported names of a package
)

// budgets are the packages that may export more, each with the reason.
var budgets = map[string]int{
	"processors/experiment":        80, // the definition, and all that goes between the stages
	"codecs/event":                 40, // 14 of them are the reasons of CONTRACT
	"codecs":                       26, // a value and a type for each codec
	"codecs/result":                30, // the record's parts and its keys
	"topology":                     73, // the words of the graph: streams, sinks, sources, frames, policies, layouts
	"topology/task":                35, // the headers and reasons of dead letters, what a worker has to know of a failure
	"topology/worker":              50, // running an app, its policies and hooks, what may be asked of it meanwhile: reports, reads, backups, resets
	"processors":                   60, // one name an operator
	"processors/experiment/cells":  30, // what verify and the tools read of its rows
	"processors/experiment/stats":  35, // exact sums, the comparisons over them, their methods and reasons
	"processors/experiment/verify": 30,
	"state":                        40, // store, batch, checkpoint, cache, table, timers
}

// packages parses all packages of the module without tests, with comments.
func packages(t *testing.T) map[string][]*ast.File {
	t.Helper()
	all := map[string][]*ast.File{}
	for _, s := range sources(t) {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, s.path), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all[s.pkg] = append(all[s.pkg], file)
	}
	return all
}

func TestEveryPackageHasItsDoc(t *testing.T) {
	for pkg, files := range packages(t) {
		documented := false
		for _, f := range files {
			documented = documented || f.Doc != nil
		}
		if !documented {
			t.Errorf("%s: no package doc: say in a sentence what the room is for", pkg)
		}
	}
}

func TestEverythingExportedIsDocumentedWithinTheBudget(t *testing.T) {
	for pkg, files := range packages(t) {
		if strings.HasPrefix(pkg, "cmd/") {
			continue
		}
		var names []string
		for _, f := range files {
			for _, d := range f.Decls {
				names = append(names, exported(t, pkg, d)...)
			}
		}
		budget := widestBudget
		if b, ok := budgets[pkg]; ok {
			budget = b
		}
		if len(names) > budget {
			t.Errorf("%s exports %d names, its budget is %d: %s", pkg, len(names), budget, strings.Join(names, " "))
		}
	}
}

// exported gives the exported top-level names of a declaration and complains about undocumented ones.
func exported(t *testing.T, pkg string, d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if !d.Name.IsExported() {
			return nil
		}
		if d.Doc == nil && (d.Recv == nil || receiverExported(d)) {
			t.Errorf("%s: %s has no docstring", pkg, d.Name)
		}
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			names = append(names, specNames(t, pkg, d, spec)...)
		}
	}
	return names
}

func receiverExported(d *ast.FuncDecl) bool {
	for e := d.Recv.List[0].Type; ; {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

func specNames(t *testing.T, pkg string, d *ast.GenDecl, spec ast.Spec) (names []string) {
	check := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		if !name.IsExported() {
			return
		}
		names = append(names, name.Name)
		for _, doc := range append(docs, d.Doc) {
			if doc != nil {
				return
			}
		}
		t.Errorf("%s: %s has no docstring", pkg, name)
	}
	switch s := spec.(type) {
	case *ast.TypeSpec:
		check(s.Name, s.Doc, s.Comment)
	case *ast.ValueSpec:
		for _, n := range s.Names {
			check(n, s.Doc, s.Comment)
		}
	}
	return names
}

func TestFilesAreShort(t *testing.T) {
	for _, s := range sources(t) {
		text, err := os.ReadFile(filepath.Join(root, s.path))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("\n")); n > longestFile {
			t.Errorf("%s has %d lines: more than one noun?", s.path, n)
		}
	}
}

// The life of a record in topology/doc.go names files; each must exist.
func TestTheLifeOfARecordNamesFilesThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "topology/doc.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, word := range strings.Fields(string(text)) {
		if strings.HasSuffix(word, ".go") && strings.Contains(word, "/") {
			found++
			if _, err := os.Stat(filepath.Join(root, word)); err != nil {
				t.Errorf("topology/doc.go names %s: %v", word, err)
			}
		}
	}
	if found < 5 {
		t.Errorf("topology/doc.go names %d files, want the life of a record", found)
	}
}
