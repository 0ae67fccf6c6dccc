package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/term"

	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

// terminal returns the file of a writer if it is a terminal, else nil.
func terminal(w io.Writer) *os.File {
	if wrapper, ok := w.(*report.HostWriter); ok {
		w = wrapper.Unwrap()
	}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return file
	}
	return nil
}

// colors reports whether to write colours. The flag takes precedence, then NO_COLOR
// (https://no-color.org), then CLICOLOR_FORCE (https://bixense.com/clicolors). Otherwise colours are
// for terminals that support them.
func colors(when string, w io.Writer) bool {
	switch force := os.Getenv("CLICOLOR_FORCE"); {
	case when == "always":
		return true
	case when == "never", os.Getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return os.Getenv("TERM") != "dumb" && terminal(w) != nil
}

// width returns the width of a terminal in cells, 0 if w is not a terminal.
func width(w io.Writer) int {
	file := terminal(w)
	if file == nil {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// writing wraps an error of a write to standard output or to an additional output of a format.
func writing(err error) error {
	var summary *report.SummaryError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &summary):
		return fmt.Errorf("write the summary of the job to %s: %s", filepath.ToSlash(summary.Path), unwritable(summary.Err))
	}
	return fmt.Errorf("write to standard output: %w", err)
}

// print writes text of several lines to standard output.
func (p *program) print(text string) error {
	_, err := io.WriteString(p.stdout, report.PrintableLines(text))
	return writing(err)
}
