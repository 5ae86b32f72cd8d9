using System.CommandLine;
using Gsasr.Tensors;

namespace Gsasr.Bench;

/// <summary>
/// How far the mean of a small picture moves, and where it is more than a level, how far it moves in two other ways: as published, and among
/// its own reflections, where nothing is small and what is left is the network's. Even areas are the network's everywhere.
/// </summary>
internal static class LevelsCommand
{
    private const double Noticed = 1;

    // Pixels of a side of the picture among reflections, at least.
    private const int LargeSide = 160;

    public static Command Create()
    {
        Option<string> device = CommandOptions.Device();
        Option<string> model = CommandOptions.Model(GsasrModel.DefaultName);
        var sides = new Option<int[]>("--sides")
        {
            Description = "every width and every height that is measured",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1, 2, 3, 4, 6, 9, 12, 13, 16, 20, 24, 25, 32, 36, 37, 48],
        };
        var kinds = new Option<string[]>("--kinds")
        {
            Description = string.Join(", ", SmallPicture.Kinds),
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [.. SmallPicture.Kinds],
        };
        kinds.AcceptOnlyFromAmong([.. SmallPicture.Kinds]);
        Option<int[]> scales = CommandOptions.Scales(2, 4);
        var flat = new Option<bool>("--flat") { Description = "even pictures of 24 x 24 and 25 x 31 pixels at scales from 1 to 12, instead" };
        var step = new Option<double>("--step") { Description = "from one of these scales to the next", DefaultValueFactory = _ => 0.05 };
        var command = new Command("levels", "How far the means of small pictures move, in levels of 255.") { device, model, sides, kinds, scales, flat, step };
        command.SetAction(result =>
        {
            using Device opened = DeviceCatalog.Open(result.GetValue(device)!);
            GsasrModel loaded = Workloads.Model(result.GetValue(model)!);
            using var upscaler = new Upscaler(loaded, opened, new UpscalerOptions { KeepEvenAreas = false });
            using var published = new Upscaler(loaded, opened, UpscalerOptions.AsPublished);
            Console.WriteLine($"## {loaded.Name} on {opened.Name} ({opened.Kind})");
            Console.WriteLine();
            if (result.GetValue(flat))
                RunFlat(upscaler, result.GetValue(step));
            else
                Run(upscaler, published, result.GetValue(kinds)!, result.GetValue(sides)!, result.GetValue(scales)!);
        });
        return command;
    }

    private static void Run(Upscaler upscaler, Upscaler published, string[] kinds, int[] sides, int[] scales)
    {
        var table = new TextTable("picture", "scale", "worst", "above 1 level", "of these, most beyond its reflections", "as published");
        foreach (string kind in kinds)
        {
            foreach (int scale in scales)
            {
                Worst own = default, beyond = default, asPublished = default;
                int above = 0;
                foreach (int height in sides)
                {
                    foreach (int width in sides)
                    {
                        SmallPicture picture = SmallPicture.Make(kind, width, height);
                        double change = picture.Change(upscaler, scale);
                        own = own.Or(change, picture);
                        if (change <= Noticed)
                            continue;
                        above++;
                        asPublished = asPublished.Or(picture.Change(published, scale), picture);
                        beyond = beyond.Or(change - picture.Among(LargeSide).Change(upscaler, scale), picture);
                    }
                }

                table.Add(
                    kind, $"x{scale}", $"{own}", $"{above} of {sides.Length * sides.Length}",
                    above > 0 ? $"{beyond}" : "", above > 0 ? $"{asPublished}" : "");
            }
        }

        table.Print();
    }

    private static void RunFlat(Upscaler upscaler, double step)
    {
        (int Width, int Height)[] sizes = [(24, 24), (25, 31)];
        var table = new TextTable(["colour", .. sizes.Select(size => $"{size.Width} x {size.Height}: worst"), "among its reflections"]);
        foreach (byte[] colour in (byte[][])[[0, 0, 0], [128, 128, 128], [235, 235, 235], [255, 255, 255], [200, 30, 90], [20, 160, 60]])
        {
            string[] worst = [.. sizes.Select(size =>
            {
                SmallPicture picture = SmallPicture.Flat(colour, size.Width, size.Height);
                (double levels, double scale) = Enumerable.Range(0, (int)Math.Round(11 / step) + 1)
                    .Select(i => 1 + i * step)
                    .Max(scale => (picture.Change(upscaler, scale), scale));
                return $"{levels:F2} at x{scale:F2}";
            })];
            SmallPicture large = SmallPicture.Flat(colour, LargeSide, LargeSide);
            table.Add([string.Join(' ', colour), .. worst, $"{new[] { 1, 2.5, 4, 8 }.Max(scale => large.Change(upscaler, scale)):F2}"]);
        }

        table.Print();
    }

    private readonly record struct Worst(double Levels, string Size)
    {
        public Worst Or(double levels, SmallPicture picture) => Size is null || levels > Levels ? new Worst(levels, picture.Size) : this;

        public override string ToString() => $"{Levels:F2} at {Size}";
    }
}
