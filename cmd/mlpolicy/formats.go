package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// destination is a format and where the answer is written in it.
type destination struct {
	format string
	file   string // as the command line names it; empty for standard output
}

// formatsFlag takes NAME or NAME=FILE, several times.
type formatsFlag struct {
	*cli.StringSliceFlag
	names []string
}

// String returns the help text of the flag. It is that of a flag that is given once, with its default.
func (f formatsFlag) String() string {
	return (&cli.StringFlag{Name: f.Name, Usage: f.Usage, Value: report.Text}).String()
}

// formatFlagOf chooses output formats among those that can write what a command answers.
func formatFlagOf(names []string) cli.Flag {
	last := len(names) - 1
	list := strings.Join(names[:last], ", ") + " or " + names[last]
	return formatsFlag{names: names, StringSliceFlag: &cli.StringSliceFlag{
		Name: formatFlag, Usage: "write `FORMAT[=FILE]`; repeatable: " + list,
		Action: func(_ *cli.Context, values []string) error {
			_, err := destinations(values, names)
			return err
		},
	}}
}

// destinations reads the values of a formatsFlag. Text is for standard output unless another format is.
func destinations(values, names []string) ([]destination, error) {
	var list []destination
	files := map[string]string{} // formats by absolute path
	stdout := ""                 // the format that is written there
	for _, value := range values {
		name, file, toFile := strings.Cut(value, "=")
		switch {
		case !slices.Contains(names, name):
			return nil, usagef("--%s: unknown value %q: %s", formatFlag, name, suggest.Phrase(name, names))
		case toFile && file == "":
			return nil, usagef("--%s %s: the name of the file is empty", formatFlag, value)
		case file == "-":
			return nil, usagef("--%s %s: use --%[1]s %[3]s to write to standard output", formatFlag, value, name)
		case toFile:
			path := resolved(file)
			if other, taken := files[path]; taken {
				return nil, usagef("--%s: %s and %s would both be written to %s", formatFlag, other, name, filepath.ToSlash(file))
			}
			files[path] = name
		case stdout != "":
			return nil, usagef("--%s: standard output takes one format, not %s and %s; write one to a file: --%[1]s %[3]s=FILE", formatFlag, stdout, name)
		default:
			stdout = name
		}
		list = append(list, destination{name, file})
	}
	if stdout == "" {
		list = append(list, destination{format: report.Text})
	}
	return list, nil
}

// resolved returns the absolute path of a file that may not exist, without symbolic links as far as they can be followed.
func resolved(file string) string {
	path, err := filepath.Abs(file)
	if err != nil {
		path = file
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(folder, filepath.Base(path))
	}
	return path
}

// answer writes the result of a command in the formats that the command line names. Files come first, and one that
// cannot be written does not keep the others from being written.
func answer[Answer any](p *program, c *cli.Context, formats report.Formats[Answer], value Answer) error {
	list, err := destinations(c.StringSlice(formatFlag), formats.Names())
	if err != nil {
		return err
	}
	failed := false
	for _, to := range list {
		if to.file == "" {
			continue
		}
		if err := replaceFile(to.file, func(w io.Writer) error {
			return formats.Write(w, to.format, value, hostOptions())
		}); err != nil {
			p.complain(writeFailure(to.file, err))
			failed = true
		}
	}
	for _, to := range list {
		if to.file == "" {
			if err := writeAs(p, c, formats, to.format, value); err != nil {
				return err
			}
		}
	}
	if failed {
		return errIncomplete
	}
	return nil
}

// writeFailure says that a file, or what a format writes beside it, could not be written.
func writeFailure(file string, err error) string {
	var summary *report.SummaryError
	if errors.As(err, &summary) {
		return writing(err).Error()
	}
	return fmt.Sprintf("write to %s: %s", filepath.ToSlash(file), unwritable(err))
}

// hostOptions returns where hosts take summaries of jobs from. Formats are asked for by name: the environment only tells
// the format of a host where.
func hostOptions() report.Options {
	return report.Options{StepSummary: os.Getenv("GITHUB_STEP_SUMMARY"), AgentTemp: os.Getenv("AGENT_TEMPDIRECTORY")}
}

// unwritable returns why a file could not be written, without its path.
func unwritable(err error) string {
	var renaming *os.LinkError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such folder"
	case errors.As(err, &renaming):
		return renaming.Err.Error()
	}
	return reason(err)
}

// writeAs writes the result of a command to standard output in the format of this name.
func writeAs[Answer any](p *program, c *cli.Context, formats report.Formats[Answer], name string, value Answer) error {
	options := hostOptions()
	options.Color, options.Width = colors(c.String(colorFlag), p.stdout), width(p.stdout)
	return writing(formats.Write(p.stdout, name, value, options))
}

// replaceFile writes a file: beside its name and then renamed, so that whoever reads it never sees a part, and a write
// that fails leaves the file as it was. What is not a regular file, such as a pipe, is written to as it is. As in
// standard output, what a CI host would execute is escaped, since files are printed in logs too.
func replaceFile(name string, write func(io.Writer) error) error {
	path := resolved(name)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return writeAndRename(path, nil, write)
	case err != nil:
		return err
	case info.Mode().IsRegular():
		return writeAndRename(path, info, write)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return writeAndClose(file, write)
}

// writeAndRename keeps the permissions of the file that it replaces, nil for none.
func writeAndRename(path string, replaced fs.FileInfo, write func(io.Writer) error) error {
	beside := path + "." + rand.Text()[:8] + ".tmp"
	file, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if replaced != nil {
		err = file.Chmod(replaced.Mode().Perm())
	}
	if written := writeAndClose(file, write); err == nil {
		err = written
	}
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return nil
}

func writeAndClose(file *os.File, write func(io.Writer) error) error {
	buffered := bufio.NewWriter(file)
	safe := report.NewHostWriter(buffered)
	err := write(safe)
	if err == nil {
		err = safe.Flush()
	}
	if err == nil {
		err = buffered.Flush()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
