using System.CommandLine;

namespace Gsasr.Cli;

/// <summary><c>gsasr completion bash|zsh|fish</c>.</summary>
internal static class CompletionCommand
{
    // The program itself knows what can follow, and says it where the directive [suggest] is given. Where it knows nothing, the shell
    // offers files.
    private static readonly Dictionary<string, string> s_scripts = new()
    {
        ["bash"] = """
            _gsasr_complete() {
                local IFS=$'\n'
                COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _gsasr_complete gsasr
            """,
        ["zsh"] = """
            #compdef gsasr
            _gsasr() {
                local -a found
                found=(${(f)"$("${words[1]}" "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)"})
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
        shell.AcceptOnlyFromAmong([.. s_scripts.Keys]);
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
