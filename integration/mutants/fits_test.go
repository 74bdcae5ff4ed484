package mutants

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A refactoring that moves the code of a seeded bug, or renames its check, must move the bug as well.
func TestEverySeededBugFitsTheSource(t *testing.T) {
	bugs := map[string]bool{}
	for _, m := range all() {
		_, err := m.sources()
		require.NoError(t, err, m.bug)
		require.False(t, bugs[m.bug], "two bugs are named %q", m.bug)
		require.NotEmpty(t, m.breaks, m.bug)
		require.NotEmpty(t, m.checks, m.bug)
		for _, c := range m.checks {
			require.True(t, c.exists(t), "%s: there is no %s in %s", m.bug, c.test, c.pkg)
		}
		bugs[m.bug] = true
	}
}

// exists says whether a package has the test.
func (c *check) exists(t *testing.T) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, c.pkg, "*_test.go"))
	require.NoError(t, err)
	return slices.ContainsFunc(files, func(name string) bool {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		return strings.Contains(string(text), fmt.Sprintf("\nfunc %s(t *testing.T) {", c.test))
	})
}

// A bug that does not compile shows nothing. The packages that it changes are checked against those
// around them as they are, so nothing is built.
func TestEverySeededBugCompiles(t *testing.T) {
	folders := map[string]bool{}
	for _, m := range all() {
		for _, e := range m.edits {
			folders["./"+path.Dir(e.file)] = true
		}
	}
	known := built(t, slices.Sorted(maps.Keys(folders)))
	for _, m := range all() {
		changed, err := m.sources()
		require.NoError(t, err, m.bug)
		seen := map[string]bool{}
		for name := range changed {
			if dir := path.Dir(name); !seen[dir] {
				require.NoError(t, known.compiles(dir, changed), m.bug)
				seen[dir] = true
			}
		}
	}
}

// listed is one package as the go command has built it.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// packages are the packages of some folders and all that they import, by import path.
type packages map[string]*listed

func built(t *testing.T, folders []string) packages {
	t.Helper()
	list := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles"}, folders...)...)
	list.Dir = root
	output, err := list.Output()
	require.NoError(t, err)
	all := packages{}
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); {
		var p listed
		require.NoError(t, decoder.Decode(&p))
		all[p.ImportPath] = &p
	}
	return all
}

// compiles checks the types of the package in a folder, some of its files changed.
func (k packages) compiles(dir string, changed map[string]string) error {
	p := k["github.com/abacus-stream/abacus/"+dir]
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		var text any
		if seeded, ok := changed[path.Join(dir, name)]; ok {
			text = seeded
		}
		file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file)
	}
	exports := importer.ForCompiler(set, "gc", func(imported string) (io.ReadCloser, error) { return os.Open(k[imported].Export) })
	_, err := (&types.Config{Importer: exports}).Check(dir, set, files, nil)
	return err
}
