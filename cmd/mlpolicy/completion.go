package main

import (
	"maps"
	"slices"

	"github.com/urfave/cli/v2"
)

func (p *program) completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a shell completion script",
		UsageText: "mlpolicy completion bash|zsh|fish|powershell",
		Description: `Print a script that makes a shell complete commands, flags and their values.

  bash        mlpolicy completion bash > /etc/bash_completion.d/mlpolicy
  zsh         mlpolicy completion zsh > "${fpath[1]}/_mlpolicy"
  fish        mlpolicy completion fish > ~/.config/fish/completions/mlpolicy.fish
  powershell  mlpolicy completion powershell | Out-String | Invoke-Expression`,
		Action: p.completion,
	}
}

func (p *program) completion(c *cli.Context) error {
	scripts := completionScripts()
	shells := slices.Sorted(maps.Keys(scripts))
	if c.NArg() != 1 {
		return usagef("completion needs one shell: bash, fish, powershell or zsh").seeHelp(c.Command.Name)
	}
	script, ok := scripts[c.Args().First()]
	if !ok {
		return unknownName("shell", c.Args().First(), shells)
	}
	return p.print(script)
}

// completionScripts returns the completion script of each shell. A script calls mlpolicy __complete --
// word=WORD PREVIOUS..., which prints a candidate, a tab and its description on each line. Without
// candidates the shell completes paths.
func completionScripts() map[string]string {
	return map[string]string{
		"bash": `# bash completion for mlpolicy
_mlpolicy() {
    local word=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
    [[ $word == "=" ]] && word=
    COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" __complete -- "word=$word" "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null | cut -f 1)" -- "$word"))
}
complete -o default -F _mlpolicy mlpolicy
`,
		"zsh": `#compdef mlpolicy
_mlpolicy() {
    local -a candidates
    local line
    for line in "${(@f)$("${words[1]}" __complete -- "word=${words[CURRENT]}" "${(@)words[2,CURRENT-1]}" 2>/dev/null)}"; do
        case $line in
            '') ;;
            *$'\t'*) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
            *) candidates+=("${line//:/\\:}") ;;
        esac
    done
    if (( $#candidates )); then
        _describe 'mlpolicy' candidates
    else
        _files
    fi
}
if [[ ${funcstack[1]} == _mlpolicy ]]; then
    _mlpolicy "$@"
else
    compdef _mlpolicy mlpolicy
fi
`,
		"fish": `# fish completion for mlpolicy
function __mlpolicy_candidates
    set -l previous (commandline -opc)
    set -l word (commandline -ct)
    set -e previous[1]
    mlpolicy __complete -- "word=$word" $previous 2>/dev/null
end
complete -c mlpolicy -n 'count (__mlpolicy_candidates) >/dev/null' -f -a '(__mlpolicy_candidates)'
`,
		"powershell": `# PowerShell completion for mlpolicy
Register-ArgumentCompleter -Native -CommandName mlpolicy -ScriptBlock {
    param($word, $line, $cursor)
    $previous = @($line.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { $_.ToString() })
    & $line.CommandElements[0].ToString() __complete -- "word=$word" @previous 2>$null | ForEach-Object {
        $candidate, $description = $_ -split [char]9, 2
        if (-not $description) { $description = $candidate }
        [System.Management.Automation.CompletionResult]::new($candidate, $candidate, 'ParameterValue', $description)
    }
}
`,
	}
}
