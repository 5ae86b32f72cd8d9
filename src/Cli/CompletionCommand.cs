using System.CommandLine;

namespace Gsasr.Cli;

/// <summary><c>gsasr completion bash|zsh|fish</c>.</summary>
internal static class CompletionCommand
{
    // The program itself knows what can follow, and says it where the directive [suggest] is given. Its options are offered for a word that
    // begins with -. Where there is nothing else, the shell offers files.
    private static readonly Dictionary<string, string> s_scripts = new()
    {
        ["bash"] = """
            _gsasr_complete() {
                local IFS=$'\n' word="${COMP_WORDS[COMP_CWORD]}" found
                found=$("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)
                [[ $word == -* ]] || found=$(grep -v '^-' <<< "$found")
                COMPREPLY=($(compgen -W "$found" -- "$word"))
            }
            complete -o default -F _gsasr_complete gsasr
            """,
        ["zsh"] = """
            #compdef gsasr
            _gsasr() {
                local -a found
                found=(${(f)"$("${words[1]}" "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)"})
                [[ $PREFIX == -* ]] || found=(${found:#-*})
                compadd -a found || _files
            }
            compdef _gsasr gsasr
            """,
        ["fish"] = """
            complete -c gsasr -a '(set -l line (commandline -cp); gsasr "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)'
            """,
    };

    public static Command Create(TextWriter output)
    {
        var shell = new Argument<string>("SHELL") { Description = "The shell: bash, zsh or fish." };
        shell.CompletionSources.Add([.. s_scripts.Keys]);
        shell.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var name }] && !s_scripts.ContainsKey(name))
                result.AddError($"SHELL is bash, zsh or fish; it is '{name}'.");
        });
        var command = new Command("completion", "Prints a script that completes command lines of gsasr in a shell.") { shell };
        command.SetAction((parsed, _) =>
        {
            foreach (string line in s_scripts[parsed.GetRequiredValue(shell)].Split('\n'))
                output.WriteLine(line.TrimEnd('\r'));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
