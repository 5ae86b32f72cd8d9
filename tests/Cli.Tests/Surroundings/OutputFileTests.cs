using System.Diagnostics;
using System.Runtime.Versioning;
using Gsasr.Cli.Tests.Upscaling;
using Gsasr.Imaging;

namespace Gsasr.Cli.Tests.Surroundings;

/// <summary>Outputs that are more, or less, than a new file in a folder.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class OutputFileTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileTree _tree = new();

    public OutputFileTests()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Modes, links and pipes are those of Unix.");
        _tree.Add("in.png");
    }

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData(Private)]
    [InlineData(Private | UnixFileMode.GroupRead | UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.UserRead)]
    public async Task What_replaces_a_file_has_its_mode(UnixFileMode mode)
    {
        string target = _tree.File("out.png");
        File.WriteAllText(target, "before");
        File.SetUnixFileMode(target, mode);
        await SucceedAsync("upscale in.png out.png -d cpu --overwrite");
        Assert.Equal(mode, File.GetUnixFileMode(target));
        Assert.Equal(ImageFormat.Png, ImageFile.DetectFormat(File.ReadAllBytes(target)));
    }

    [Fact]
    public async Task What_replaces_a_file_has_its_owner_where_the_system_allows_it()
    {
        SkipUnlessAdministrator("only the administrator can give files away");
        await SucceedAsync("devices > out.png && chown 12345:23456 out.png && chmod 640 out.png && \"$0\" upscale in.png out.png -d cpu --overwrite");
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, "stat -c '%u:%g %a' out.png");
        Assert.Equal("12345:23456 640", outcome.Output.Trim());
    }

    [Fact]
    public async Task Where_the_group_cannot_be_kept_the_new_one_gets_no_more_than_everybody()
    {
        SkipUnlessAdministrator("only the administrator can be of a group of his choice");
        if (!File.Exists("/usr/bin/setpriv"))
            Assert.Skip("There is no setpriv here.");

        // The same user, who can enter the folder of the program, without the right to give files to groups that he is not of.
        Outcome outcome = await ProgramRun.ShellAsync(
            _tree.Path,
            "cp in.png out.png; chown 0:12345 out.png; chmod 664 out.png; "
            + "setpriv --regid 23456 --clear-groups --bounding-set=-all --inh-caps=-all \"$0\" upscale in.png out.png -d cpu --overwrite && stat -c '%u:%g %a' out.png");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        Assert.EndsWith("0:23456 644", outcome.Output.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_stays_and_its_file_is_replaced()
    {
        Directory.CreateDirectory(_tree.File("other"));
        File.WriteAllText(_tree.File("other/real.png"), "before");
        File.CreateSymbolicLink(_tree.File("out.png"), Path.Combine("other", "real.png"));
        await SucceedAsync("upscale in.png out.png -d cpu --overwrite");
        Assert.NotNull(new FileInfo(_tree.File("out.png")).LinkTarget);
        Assert.Equal(ImageFormat.Png, ImageFile.DetectFormat(File.ReadAllBytes(_tree.File("other/real.png"))));
    }

    [Theory]
    [InlineData("\"$0\" upscale in.png /dev/null -f png -d cpu", "")]
    [InlineData("\"$0\" upscale in.png /dev/stdout -f png -d cpu --quiet | cat > out.png", "out.png")]
    [InlineData("\"$0\" upscale in.png /dev/fd/3 -f png -d cpu 3> out.png", "out.png")]
    [InlineData("mkfifo pipe.png; cat pipe.png > out.png & \"$0\" upscale in.png pipe.png -d cpu && wait && test -p pipe.png && rm pipe.png", "out.png")]
    public async Task Devices_pipes_and_open_files_are_written_and_stay_what_they_are(string line, string result)
    {
        await SucceedAsync("upscale in.png expected.png -d cpu");
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, line);
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
        if (result.Length > 0)
            Assert.Equal(File.ReadAllBytes(_tree.File("expected.png")), File.ReadAllBytes(_tree.File(result)));
        Assert.Equal(0, new FileInfo("/dev/null").Length);
        Assert.Empty(Directory.GetFiles(_tree.Path, "*.tmp"));
    }

    [Fact]
    public async Task What_others_write_on_the_same_open_file_stays()
    {
        await SucceedAsync("upscale in.png expected.ppm -d cpu");
        await SucceedAsync("--version > out.txt; { echo before; \"$0\" upscale in.png - -f ppm -d cpu; \"$0\" upscale in.png /dev/stdout -f ppm -d cpu -q; echo after; } > out.txt");
        byte[] picture = File.ReadAllBytes(_tree.File("expected.ppm"));
        Assert.Equal([.. "before\n"u8, .. picture, .. picture, .. "after\n"u8], File.ReadAllBytes(_tree.File("out.txt")));
    }

    [Fact]
    public async Task A_TIFF_is_whole_on_a_file_that_is_appended_to()
    {
        // The encoder would go back in a file that lets it.
        await SucceedAsync("upscale in.png expected.tif -d cpu");
        await SucceedAsync("upscale in.png - -f tif -d cpu >> out.tif");
        Assert.Equal(File.ReadAllBytes(_tree.File("expected.tif")), File.ReadAllBytes(_tree.File("out.tif")));
    }

    [Theory]
    [InlineData("size=60k", "upscale large.png disk/out.png -s 6 -d cpu --quiet", "disk/out.png cannot be written: No space left on device.")]
    [InlineData("nr_inodes=1", "upscale in.png disk/out.png -d cpu --quiet", "disk/out.png cannot be written: No space left on device.")]
    [InlineData("ro", "upscale in.png disk/out.png -d cpu --quiet", "disk/out.png cannot be written: Read-only file system.")]
    [InlineData("ro", "upscale in.png disk/folder/ -d cpu --quiet", "in.png: The folder disk/folder cannot be created: Read-only file system.")]
    [InlineData("ro", "field in.png disk/out.safetensors -d cpu", "disk/out.safetensors cannot be written: Read-only file system.")]
    [InlineData("ro", "models pull edsr-paper", "The folder of models disk/models cannot be written: Read-only file system. Another one can be named in the environment variable GSASR_CACHE.")]
    public async Task A_disk_that_takes_no_file_is_said_of_the_output_alone(string options, string arguments, string message)
    {
        SkipUnlessAdministrator("only the administrator can make a small disk");
        Directory.CreateDirectory(_tree.File("disk"));
        using (Process mount = Process.Start("mount", ["-t", "tmpfs", "-o", options, "tmpfs", _tree.File("disk")]))
        {
            await mount.WaitForExitAsync(TestContext.Current.CancellationToken);
            if (mount.ExitCode != 0)
                Assert.Skip("A small disk cannot be mounted here.");
        }

        try
        {
            Pictures.Write(_tree.File("large.png"), 60, 60, bitDepth: 16);
            Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, $"GSASR_CACHE=disk exec \"$0\" {arguments}");
            outcome.AssertFailed(ExitCode.Failure);
            Assert.Equal(message, outcome.Error.Replace(_tree.Path + "/", "", StringComparison.Ordinal).TrimEnd());
            Assert.Empty(Directory.GetFileSystemEntries(_tree.File("disk")));
        }
        finally
        {
            using Process unmount = Process.Start("umount", [_tree.File("disk")]);
            await unmount.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_name_that_is_too_long_is_refused_before_the_work()
    {
        string name = new('n', 252);
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, $"\"$0\" upscale in.png {name}.png -d cpu --quiet");
        outcome.AssertFailed(ExitCode.Failure, $"{name}.png cannot be written", "longer than the system allows");
        Assert.Equal([_tree.File("in.png")], Directory.GetFileSystemEntries(_tree.Path));
        await SucceedAsync($"upscale in.png {name[..251]}.png -d cpu");
    }

    [Theory]
    [InlineData("/proc/out.png", "/proc/out.png cannot be written")]
    [InlineData("absent/out.png", "absent")]
    [InlineData("in.png/out.png", "in.png")]
    [InlineData("circle.png --overwrite", "circle.png cannot be written")]
    public async Task Where_nothing_can_be_written_one_line_says_so(string output, string part)
    {
        File.CreateSymbolicLink(_tree.File("circle.png"), "circle.png");
        (await ProgramRun.ShellAsync(_tree.Path, $"\"$0\" upscale in.png {output} -d cpu --quiet")).AssertFailed(ExitCode.Failure, part);
    }

    [Fact]
    public async Task A_folder_that_must_not_be_written_is_said_in_one_line()
    {
        Directory.CreateDirectory(_tree.File("closed"));
        File.SetUnixFileMode(_tree.File("closed"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string prefix = "";
        if (Environment.UserName == "root")
        {
            if (!File.Exists("/usr/bin/setpriv"))
                Assert.Skip("The administrator may write everywhere, and there is no setpriv here.");
            prefix = "chmod 755 .; chmod 644 in.png; setpriv --bounding-set=-all --inh-caps=-all ";
        }

        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, $"{prefix}\"$0\" upscale in.png closed/out.png -d cpu --quiet");
        outcome.AssertFailed(ExitCode.Failure, "closed/out.png cannot be written: access is denied");
    }

    private static void SkipUnlessAdministrator(string reason)
    {
        if (Environment.UserName != "root")
            Assert.Skip($"This needs the administrator: {reason}.");
    }

    private async Task SucceedAsync(string arguments)
    {
        Outcome outcome = await ProgramRun.ShellAsync(_tree.Path, $"\"$0\" {arguments}");
        Assert.True(outcome.ExitCode == ExitCode.Success, outcome.Error);
    }
}
