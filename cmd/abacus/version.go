package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is set by the linker; a plain go build says dev.
var release = "dev"

// version is one line: release, commit, Go and platform.
func version() string {
	text := "abacus " + release
	if commit := revision(); commit != "" {
		text += " (" + commit + ")"
	}
	return fmt.Sprintf("%s %s %s/%s", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// revision is the commit that the build knows, shortened.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value[:min(12, len(setting.Value))]
		}
	}
	return ""
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  abacus version -o json",
		Args:    usageArgs(noArguments),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if settingsOf(cmd).Output != jsonOutput {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), version())
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{
				"version": release, "commit": revision(), "go": runtime.Version(),
				"platform": runtime.GOOS + "/" + runtime.GOARCH,
			})
		},
	}
}
