using System.Text.Json.Serialization;

namespace Gsasr.Cli.Reporting;

/// <summary>What the program is doing.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorkStage>))]
internal enum WorkStage
{
    /// <summary>A model is read and put on the device. A stage of the whole run.</summary>
    [JsonStringEnumMemberName("loading_model")]
    LoadingModel,

    /// <summary>A device is looked for and opened. A stage of the whole run.</summary>
    [JsonStringEnumMemberName("opening_device")]
    OpeningDevice,

    /// <summary>The device's driver compiles the kernels. A stage of the whole run.</summary>
    [JsonStringEnumMemberName("compiling")]
    Compiling,

    /// <summary>A file is read and decoded.</summary>
    [JsonStringEnumMemberName("reading")]
    Reading,

    /// <summary>Networks and rasteriser work on a file's image.</summary>
    [JsonStringEnumMemberName("computing")]
    Computing,

    /// <summary>The result is encoded and written.</summary>
    [JsonStringEnumMemberName("writing")]
    Writing,
}

/// <summary>Stages in words.</summary>
internal static class WorkStages
{
    /// <summary>The stage in a few words, for a line of text.</summary>
    /// <param name="stage">The stage.</param>
    public static string Describe(this WorkStage stage) => stage switch
    {
        WorkStage.LoadingModel => "loading the model",
        WorkStage.OpeningDevice => "opening the device",
        WorkStage.Compiling => "compiling the kernels, which can take a minute, once",
        WorkStage.Reading => "reading",
        WorkStage.Computing => "computing",
        _ => "writing",
    };
}
