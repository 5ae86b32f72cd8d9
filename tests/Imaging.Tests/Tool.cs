using System.Diagnostics;

namespace Gsasr.Imaging.Tests;

/// <summary>Independent programs to compare with; a test that needs one that is not installed is skipped visibly.</summary>
internal static class Tool
{
    // Other programs are called 'convert' too, one of Windows among them.
    private static readonly Lazy<string?> ImageMagick = new(
        () => ((string[])["magick", "convert-im6.q16", "convert"]).Select(Find).FirstOrDefault(path => path is not null && IsImageMagick(path)));

    /// <summary>ImageMagick: turns its input into raw RGBA, 16 bits a sample least significant byte first.</summary>
    public static ushort[] DecodeWithImageMagick(byte[] file, string format = "")
    {
        byte[] raw = Run("ImageMagick", ImageMagick.Value, [$"{format}-[0]", "-auto-orient", "-colorspace", "sRGB", "-depth", "16", "-endian", "LSB", "rgba:-"], file);
        ushort[] samples = new ushort[raw.Length / 2];
        Buffer.BlockCopy(raw, 0, samples, 0, raw.Length);
        return samples;
    }

    /// <summary>ImageMagick: makes a file of another.</summary>
    /// <param name="file">The file to read.</param>
    /// <param name="format">The format to write, as ImageMagick calls it.</param>
    /// <param name="arguments">What else to do.</param>
    public static byte[] Convert(byte[] file, string format, params string[] arguments) =>
        Run("ImageMagick", ImageMagick.Value, ["-", .. arguments, $"{format}:-"], file);

    /// <summary>What ImageMagick and the library of the format have to say about a file.</summary>
    public static string WarningsOfImageMagick(byte[] file)
    {
        Run("ImageMagick", ImageMagick.Value, ["-", "rgba:-"], file, out string warnings);
        return warnings;
    }

    /// <summary>libjpeg-turbo's decoder with the IDCT in floating point, as PGM or PPM.</summary>
    public static Image Djpeg(byte[] file) => ImageFile.Decode(Run("djpeg", Find("djpeg"), ["-dct", "float", "-pnm"], file));

    /// <summary>libjpeg-turbo's encoder.</summary>
    public static byte[] Cjpeg(Image image, params string[] arguments)
    {
        var pnm = new MemoryStream();
        ImageFile.Write(pnm, image, ImageFormat.Pnm);
        return Run("cjpeg", Find("cjpeg"), ["-dct", "int", .. arguments], pnm.ToArray());
    }

    private static byte[] Run(string name, string? program, string[] arguments, byte[] input) => Run(name, program, arguments, input, out _);

    private static byte[] Run(string name, string? program, string[] arguments, byte[] input, out string errorText)
    {
        if (program is null)
            Assert.Skip($"{name} is not installed: nothing to compare with.");
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        var output = new MemoryStream();
        Task reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        reading.Wait();
        process.WaitForExit();
        errorText = errors.Result;
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} failed: {errorText}");
        return output.ToArray();
    }

    private static bool IsImageMagick(string program)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, "-version") { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string version = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        errors.Wait();
        return version.Contains("ImageMagick", StringComparison.Ordinal) && process.ExitCode == 0;
    }

    private static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);
}
